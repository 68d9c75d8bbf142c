package localfs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// descriptors returns how many descriptors this process has.
func descriptors(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(names)
}

// failures are operations that end early, each in another way. Nothing of them
// stays.
var failures = map[string]func(ctx context.Context, tr *Tree){
	"read and closed":       func(ctx context.Context, tr *Tree) { openAndClose(ctx, tr, "d/f") },
	"open of nothing":       func(ctx context.Context, tr *Tree) { openAndClose(ctx, tr, "d/none") },
	"open of a link":        func(ctx context.Context, tr *Tree) { openAndClose(ctx, tr, "l") },
	"open below a link":     func(ctx context.Context, tr *Tree) { openAndClose(ctx, tr, "dl/f") },
	"open below a file":     func(ctx context.Context, tr *Tree) { openAndClose(ctx, tr, "d/f/x") },
	"open of a fifo":        func(ctx context.Context, tr *Tree) { openAndClose(ctx, tr, "fifo") },
	"open of a directory":   func(ctx context.Context, tr *Tree) { openAndClose(ctx, tr, "d") },
	"stat below a link":     func(ctx context.Context, tr *Tree) { _, _ = tr.Stat(ctx, "dl/f") },
	"listing that is left":  listOne,
	"keys that are left":    keysOne,
	"put below a link":      func(ctx context.Context, tr *Tree) { failPut(ctx, tr, file("dl/new", "x"), nil) },
	"put below a file":      func(ctx context.Context, tr *Tree) { failPut(ctx, tr, file("d/f/x", "x"), nil) },
	"put over a file":       func(ctx context.Context, tr *Tree) { failPut(ctx, tr, file("d/f", "x"), nil) },
	"put over a directory":  func(ctx context.Context, tr *Tree) { failPut(ctx, tr, file("d", "x"), nil) },
	"put over a fifo":       func(ctx context.Context, tr *Tree) { failPut(ctx, tr, file("fifo", "x"), nil) },
	"link over a file":      func(ctx context.Context, tr *Tree) { failPut(ctx, tr, link("d/f", "x"), nil) },
	"put of a short body":   func(ctx context.Context, tr *Tree) { failPut(ctx, tr, file("n/e/w", "xyz"), nil) },
	"put of what was there": func(ctx context.Context, tr *Tree) { failPut(ctx, tr, file("d/f", "x"), &core.Entry{Kind: core.File}) },
	"delete of another": func(ctx context.Context, tr *Tree) {
		_ = tr.Delete(ctx, core.Entry{Key: "d/f", Kind: core.File, Token: "other"})
	},
	"delete below a link": func(ctx context.Context, tr *Tree) { _ = tr.Delete(ctx, file("dl/f", "")) },
	"finish":              func(ctx context.Context, tr *Tree) { _, _ = tr.Finish(ctx, core.Done{Deletes: true}) },
}

func openAndClose(ctx context.Context, tr *Tree, key string) {
	if r, _, _ := tr.Open(ctx, key); r != nil {
		_ = r.Close()
	}
}

func listOne(ctx context.Context, tr *Tree) {
	for e, err := range tr.List(ctx, "") {
		if err != nil || e.Key == "d/f" {
			return
		}
	}
}

func keysOne(ctx context.Context, tr *Tree) {
	for key := range tr.Keys(ctx) {
		if key == "d/f" {
			return
		}
	}
}

func failPut(ctx context.Context, tr *Tree, e core.Entry, old *core.Entry) {
	_, _ = tr.Put(ctx, e, strings.NewReader("y"), old)
}

func TestNoDescriptorIsLeftOpen(t *testing.T) {
	for what, do := range failures {
		for _, plain := range []bool{false, true} {
			for _, links := range []LinkPolicy{KeepLinks, FollowLinks, SkipLinks} {
				dir := t.TempDir()
				write(t, dir, "d/f", "d/g", "l -> d/f", "dl -> d", "empty/e/")
				if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666); err != nil {
					t.Fatal(err)
				}
				before := descriptors(t)
				tr, err := New(dir, Options{Links: links})
				if err != nil {
					t.Fatal(err)
				}
				tr.dirs.hooks.plain = plain
				ctx, cancel := context.WithCancel(t.Context())
				do(ctx, tr)
				cancel()
				do(ctx, tr)
				if err := tr.Close(); err != nil {
					t.Fatal(err)
				}
				if after := descriptors(t); after != before {
					t.Errorf("%s, links=%v, plain=%v: %d descriptors before, %d after", what, links, plain, before, after)
				}
				noTemps(t, dir)
			}
		}
	}
}

func noTemps(t *testing.T, dir string) {
	t.Helper()
	for _, name := range onDisk(t, dir) {
		if kit.IsTemp(filepath.Base(name)) {
			t.Errorf("%s stays", name)
		}
	}
}

// A path that is too long for one call is opened step by step.
func TestAKeyLongerThanAPathIsRead(t *testing.T) {
	tr, _ := newTree(t)
	d := tr.dirs.root.dir
	name := strings.Repeat("n", maxSegment)
	var made []string
	for range 20 {
		next, err := tr.dirs.step(d, name, lookup{made: &made})
		tr.dirs.release(d)
		if err != nil {
			t.Fatal(err)
		}
		d = next
	}
	f, err := d.handle.create("f", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write([]byte("far"))
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	tr.dirs.release(d)
	key := strings.Repeat(name+"/", 20) + "f"
	equal(t, "list", shown(t, tr), []string{key})
	if got := contentOf(t, tr, key); got != "far" {
		t.Errorf("got %q", got)
	}
	if err := tr.Delete(t.Context(), stat(t, tr, key)); err != nil {
		t.Fatal(err)
	}
	equal(t, "list", shown(t, tr), nil)
}
