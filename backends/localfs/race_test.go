//go:build unix

package localfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// plant makes a tree with directories d0/d/d … and, beside it, a directory that
// nothing may ever touch.
func plant(t *testing.T) (tr *Tree, dir, outside string, before []string) {
	t.Helper()
	base := t.TempDir()
	dir, outside = filepath.Join(base, "tree"), filepath.Join(base, "outside")
	write(t, base, "outside/f", "outside/d/f", "outside/d/d/f", "outside/l -> f", "tree/inside/f", "tree/inside/d/f", "tree/inside/d/d/f")
	return open(t, dir, Options{}), dir, outside, onDisk(t, outside)
}

func TestPlantedLinksAreNeverPassed(t *testing.T) {
	for _, planted := range []string{"x -> ../outside", "x -> OUT", "x -> inside", "x -> inside/d", "x/d -> ../../outside/d", "x/d -> ../inside/d", "x/d/d -> ../../inside/d/d", "x -> y", "x -> ."} {
		t.Run(planted, func(t *testing.T) {
			tr, dir, outside, _ := plant(t)
			write(t, dir, strings.Replace(planted, "OUT", outside, 1))
			before := onDisk(t, filepath.Dir(dir))
			for _, key := range []string{"x/f", "x/d/f", "x/d/d/f", "x/d/d/new", "x/new/new"} {
				if !strings.HasPrefix(key, strings.Split(planted, " ")[0]+"/") {
					continue
				}
				_, err := tr.Put(t.Context(), file(key, "evil"), strings.NewReader("evil"), nil)
				isErr(t, "put "+key, err, core.ErrConflict)
				_, err = tr.Put(t.Context(), link(key, "evil"), nil, nil)
				isErr(t, "link "+key, err, core.ErrConflict)
				for _, kind := range []core.Kind{core.File, core.Link} {
					if err := tr.Delete(t.Context(), core.Entry{Key: key, Kind: kind, Token: "x"}); err != nil {
						t.Errorf("delete %s: %v", key, err)
					}
				}
				if _, _, err := tr.Open(t.Context(), key); err == nil {
					t.Errorf("open %s: got no error", key)
				}
			}
			finish(t, sweepAll(tr), true)
			equal(t, "on disk", onDisk(t, filepath.Dir(dir)), before)
		})
	}
}

func TestALinkAtTheKeyIsReplacedNotFollowed(t *testing.T) {
	tr, dir, outside, before := plant(t)
	write(t, dir, "abs -> "+outside+"/f", "rel -> ../outside/f", "in -> inside/f", "hard -> inside/f")
	for _, key := range []string{"in"} {
		old := stat(t, tr, key)
		putFile(t, tr, key, "new", &old)
	}
	hard := stat(t, tr, "hard")
	if err := tr.Delete(t.Context(), hard); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"abs", "rel"} { // Others: they stay
		_, err := tr.Put(t.Context(), file(key, "evil"), strings.NewReader("evil"), nil)
		isErr(t, key, err, core.ErrConflict)
	}
	equal(t, "outside", onDisk(t, outside), before)
	if got := readFile(t, filepath.Join(dir, "inside/f")); got != "tree/inside/f" {
		t.Errorf("what the link pointed to is now %q", got)
	}
}

// A swapper makes, as fast as it can, a directory of a link and a link of a
// directory, until it is stopped.
func swapper(t *testing.T, dir string, targets ...string) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		x, kept := filepath.Join(dir, "x"), filepath.Join(dir, "kept")
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			// While one of these fails because the other side won, all that
			// matters is that the next round goes on.
			_ = os.Rename(x, kept)
			_ = os.Symlink(targets[i%len(targets)], x)
			_ = os.Remove(x)
			if os.Rename(kept, x) != nil {
				_ = os.RemoveAll(x)
				_ = os.MkdirAll(filepath.Join(x, "d", "d"), 0o777)
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func TestRacingSwapsNeverEscape(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain %v", plain), func(t *testing.T) { raceSwaps(t, plain) })
	}
}

func raceSwaps(t *testing.T, plain bool) {
	tr, dir, outside, before := plant(t)
	tr.dirs.hooks.plain = plain
	write(t, dir, "x/d/d/")
	inside := onDisk(t, filepath.Join(dir, "inside"))
	stop := swapper(t, dir, "../outside", "inside", outside, "../outside/d", ".")
	until := time.Now().Add(time.Second)
	if !long.Enabled() {
		until = time.Now().Add(100 * time.Millisecond)
	}
	var wg sync.WaitGroup
	for _, key := range []string{"x/f", "x/d/f", "x/d/d/f", "x/l"} {
		wg.Go(func() {
			for time.Now().Before(until) {
				attack(t, tr, key)
			}
		})
	}
	wg.Go(func() {
		for time.Now().Before(until) {
			for e, err := range tr.List(t.Context(), "") {
				if err == nil && strings.HasPrefix(e.Key, "x/") && e.Kind == core.File && e.Size != int64(len("evil")) {
					t.Errorf("listed %+v", e)
				}
			}
			_, _ = tr.Finish(t.Context(), core.Done{Deletes: true})
		}
	})
	wg.Wait()
	stop()
	equal(t, "outside", onDisk(t, outside), before)
	equal(t, "inside", onDisk(t, filepath.Join(dir, "inside")), inside)
	for _, name := range []string{"f", "d/f", "d/d/f"} {
		if got := readFile(t, filepath.Join(outside, name)); got != "outside/"+name {
			t.Errorf("%s was overwritten: %q", name, got)
		}
	}
}

// attack calls each operation at key once. Errors are expected; content read must
// never be that of a file outside.
func attack(t *testing.T, tr *Tree, key string) {
	ctx := t.Context()
	var seen *core.Entry
	if e, err := tr.Stat(ctx, key); err == nil {
		seen = &e
	}
	if strings.HasSuffix(key, "l") {
		_, _ = tr.Put(ctx, link(key, "inside/f"), nil, seen)
	} else {
		_, _ = tr.Put(ctx, file(key, "evil"), strings.NewReader("evil"), seen)
	}
	if r, _, err := tr.Open(ctx, key); err == nil && r != nil {
		b, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err == nil && string(b) != "evil" {
			t.Errorf("read %q at %s", b, key)
		}
	}
	if e, err := tr.Stat(ctx, key); err == nil {
		_ = tr.Delete(ctx, e)
	}
}
