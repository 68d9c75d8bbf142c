//go:build unix

package localfs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// A file is opened in one step where the system can. A link that takes its place,
// or that of a directory on the way, right before that step is never followed: it
// is none of the tree's files.
func TestALinkSwappedInBeforeAnOpenIsNotFollowed(t *testing.T) {
	for _, swapped := range []string{"x", "x/d"} {
		for _, text := range []string{"OUT", "../outside", "inside", "../inside", "../../outside/d"} {
			t.Run(swapped+" -> "+text, func(t *testing.T) {
				tr, dir, outside, _ := plant(t)
				write(t, dir, "x/d/f")
				once := true
				tr.dirs.hooks.window = func(before, _ string) {
					if p := filepath.Join(dir, swapped); before == "open" && once {
						once = false
						if err := errors.Join(os.RemoveAll(p), os.Symlink(strings.Replace(text, "OUT", outside, 1), p)); err != nil {
							t.Error(err)
						}
					}
				}
				if r, e, err := tr.Open(t.Context(), "x/d/f"); err == nil || r != nil {
					t.Errorf("got %v, %+v, %v, want an error", r, e, err)
				}
				if once {
					t.Error("nothing came by the window")
				}
			})
		}
	}
}

// An entry that takes the place of the file itself is opened as its own kind, or
// not at all: never as the content of a link's target, and never waited for.
func TestAnEntrySwappedInForAFileIsOpenedAsItsKind(t *testing.T) {
	swaps := map[string]struct {
		make func(p string) error
		kind core.Kind
		gone bool
	}{
		"fifo":          {make: func(p string) error { return syscall.Mkfifo(p, 0o666) }, kind: core.Other},
		"link":          {make: linkTo("secret"), kind: core.Link},
		"link outside":  {make: linkTo("/etc/passwd"), kind: core.Other},
		"dangling link": {make: linkTo("nowhere"), kind: core.Link},
		"another file":  {make: func(p string) error { return os.WriteFile(p, []byte("another"), 0o666) }, kind: core.File},
		"directory":     {make: func(p string) error { return os.Mkdir(p, 0o777) }, gone: true},
		"nothing":       {make: func(string) error { return nil }, gone: true},
	}
	for name, swap := range swaps {
		t.Run(name, func(t *testing.T) {
			tr, dir := newTree(t)
			write(t, dir, "f", "secret")
			if !tr.opensDirectly(t, "f") {
				t.Skip("this system cannot")
			}
			swapAt(t, tr, dir, "open", "f", swap.make)
			r, e, err := tr.Open(t.Context(), "f")
			if r != nil {
				defer r.Close()
			}
			if (err != nil) != swap.gone || e.Kind != swap.kind && !swap.gone || (r != nil) != (swap.kind == core.File && !swap.gone) {
				t.Errorf("got %v, %+v, %v", r, e, err)
			}
			if r != nil && e.Size != int64(len("another")) {
				t.Errorf("the entry is not of what was opened: %+v", e)
			}
		})
	}
}

// opensDirectly reports whether the file at key can be opened in one step here.
func (t *Tree) opensDirectly(tb testing.TB, key string) bool {
	tb.Helper()
	c, e, _ := t.opener.openDirectly(key)
	if c == nil {
		return false
	}
	if err := c.Close(); err != nil || e.Key != key {
		tb.Errorf("%s: %v, %+v", key, err, e)
	}
	return true
}

// An entry that no listing has as a file is not opened in one step either.
func TestOnlyFilesOfTheTreeAreOpenedAtOnce(t *testing.T) {
	tr, dir := newTree(t)
	temp := kit.TempName("")
	write(t, dir, "d/f", temp, "d/"+temp, "l -> d/f", "ld -> d", "e/")
	for _, key := range []string{"", ".", "..", "/", "d", "d/", "d//f", "d/./f", "d/../d/f", "../" + filepath.Base(dir) + "/d/f", dir + "/d/f", "l", "ld/f", temp, "d/" + temp, "e", "none", "d/f/x", "d/f\x00", strings.Repeat("d/", 3000) + "f"} {
		if c, e, _ := tr.opener.openDirectly(key); c != nil {
			t.Errorf("%q: opened as %+v", key, e)
		}
	}
	if !tr.opensDirectly(t, "d/f") && !tr.dirs.noReadBelow.Load() {
		t.Error("a file cannot be opened at once")
	}
}

// A change behind the end of reading was not read; after ReadAt, the file is
// checked once more.
func TestCloseChecksOnlyContentThatNoReadChecked(t *testing.T) {
	for _, again := range []bool{false, true} {
		tr, dir := newTree(t)
		write(t, dir, "f")
		r, _, err := tr.Open(t.Context(), "f")
		if err != nil {
			t.Fatal(err)
		}
		c, _ := r.(*content)
		var b [16]byte
		if n, err := c.Read(b[:]); n != 1 || err == nil {
			t.Fatalf("got %d, %v", n, err)
		}
		if again {
			_, _ = c.ReadAt(b[:1], 0)
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(dir, "f"), old, old); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); (err != nil) != again {
			t.Errorf("read again %v: close says %v", again, err)
		}
	}
}
