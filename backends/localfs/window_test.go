//go:build unix

package localfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// These tests swap entries at the worst moment, which race_test.go leaves to
// chance.

// swapAt replaces the entry at key by one that make makes, once, in the window
// before a step.
func swapAt(t *testing.T, tr *Tree, dir, before, key string, make func(p string) error) {
	done := false
	tr.dirs.hooks.window = func(step, k string) {
		if done || step != before || k != key {
			return
		}
		done = true
		p := filepath.Join(dir, key)
		if err := errors.Join(os.RemoveAll(p), make(p)); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		if !done {
			t.Errorf("nothing came by the window before %s %s", before, key)
		}
	})
}

func linkTo(text string) func(p string) error {
	return func(p string) error { return os.Symlink(text, p) }
}

func TestADirectorySwappedForALinkIsNotEntered(t *testing.T) {
	ops := map[string]func(tr *Tree) error{
		"put": func(tr *Tree) error {
			_, err := tr.Put(t.Context(), file("x/f", "evil"), strings.NewReader("evil"), nil)
			return err
		},
		"link":   func(tr *Tree) error { _, err := tr.Put(t.Context(), link("x/f", "evil"), nil, nil); return err },
		"stat":   func(tr *Tree) error { _, err := tr.Stat(t.Context(), "x/f"); return err },
		"open":   func(tr *Tree) error { _, _, err := tr.Open(t.Context(), "x/f"); return err },
		"remove": func(tr *Tree) error { return tr.RemoveDir(t.Context(), "x/f") },
		"list": func(tr *Tree) error {
			for e, err := range tr.List(t.Context(), "") {
				if core.Below(e.Key, "x") {
					t.Errorf("listed %s", e.Key)
				} else if err != nil {
					return err
				}
			}
			return nil
		},
	}
	for name, op := range ops {
		for _, target := range []string{"inside", "../outside", "OUT", "inside/d"} {
			t.Run(name+" "+target, func(t *testing.T) {
				tr, dir, outside, before := plant(t)
				tr.dirs.hooks.plain = true
				write(t, dir, "x/f")
				inside := onDisk(t, filepath.Join(dir, "inside"))
				swapAt(t, tr, dir, "enter", "x", linkTo(strings.Replace(target, "OUT", outside, 1)))
				if err := op(tr); err == nil {
					t.Error("got no error")
				}
				equal(t, "outside", onDisk(t, outside), before)
				equal(t, "inside", onDisk(t, filepath.Join(dir, "inside")), inside)
			})
		}
	}
}

func TestADeleteDoesNotEnterALinkSwappedIn(t *testing.T) {
	for _, target := range []string{"inside", "../outside"} {
		tr, dir, outside, before := plant(t)
		write(t, dir, "x/f")
		old := stat(t, tr, "x/f")
		tr.dirs.cache.clear() // so that the directory is opened anew
		inside := onDisk(t, filepath.Join(dir, "inside"))
		swapAt(t, tr, dir, "enter", "x", linkTo(target))
		_ = tr.Delete(t.Context(), old) // nothing is at x/f any more, however it is put
		equal(t, "outside", onDisk(t, outside), before)
		equal(t, "inside", onDisk(t, filepath.Join(dir, "inside")), inside)
	}
}

func TestADirectoryThatIsReplacedByAnotherIsEntered(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "x/f")
	swapAt(t, tr, dir, "enter", "x", func(p string) error { return os.Mkdir(p, 0o777) })
	putFile(t, tr, "x/new", "x", nil)
	equal(t, "on disk", onDisk(t, dir), []string{"x/new"})
}

func TestADirectoryKeptOpenIsNotUsedWhenItMoved(t *testing.T) {
	tr, dir := newTree(t)
	putFile(t, tr, "x/a", "1", nil)
	if err := os.Rename(filepath.Join(dir, "x"), filepath.Join(dir, "kept")); err != nil {
		t.Fatal(err)
	}
	putFile(t, tr, "x/b", "2", nil)
	equal(t, "on disk", onDisk(t, dir), []string{"kept/a", "x/b"})
	write(t, dir, "kept/b")
	if err := os.RemoveAll(filepath.Join(dir, "x")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "x -> kept")
	_, err := tr.Stat(t.Context(), "x/b")
	if err == nil {
		t.Error("a link was passed")
	}
}

func TestAFileSwappedBeforeItIsOpened(t *testing.T) {
	swaps := map[string]func(p string) error{
		"fifo":           func(p string) error { return syscall.Mkfifo(p, 0o666) },
		"link":           linkTo("secret"),
		"link outside":   linkTo("/etc/passwd"),
		"dangling link":  linkTo("nowhere"),
		"directory":      func(p string) error { return os.Mkdir(p, 0o777) },
		"another file":   func(p string) error { return os.WriteFile(p, nil, 0o666) },
		"nothing at all": func(string) error { return nil },
	}
	for name, swap := range swaps {
		t.Run(name, func(t *testing.T) {
			tr, dir := newTree(t)
			tr.dirs.hooks.plain = true
			write(t, dir, "f", "secret", "held") // held keeps the inode of f from being used again
			if err := errors.Join(os.Remove(filepath.Join(dir, "held")), os.Link(filepath.Join(dir, "f"), filepath.Join(dir, "held"))); err != nil {
				t.Fatal(err)
			}
			swapAt(t, tr, dir, "open", "f", swap)
			if r, e, err := tr.Open(t.Context(), "f"); err == nil || r != nil {
				t.Errorf("got %v, %+v, %v, want an error", r, e, err)
			}
		})
	}
}

func TestAnEntryCreatedAtTheLastMomentStays(t *testing.T) {
	tests := map[string]struct {
		make func(p string) error
		want error
	}{
		"file":            {func(p string) error { return os.WriteFile(p, []byte("stranger"), 0o666) }, core.ErrChanged},
		"link":            {linkTo("stranger"), core.ErrChanged},
		"fifo":            {func(p string) error { return syscall.Mkfifo(p, 0o666) }, core.ErrConflict},
		"directory":       {func(p string) error { return writeOne(p, "x") }, core.ErrConflict},
		"empty directory": {func(p string) error { return os.Mkdir(p, 0o777) }, nil}, // as if it had been there before
	}
	for name, tt := range tests {
		for i, e := range []core.Entry{file("a/k", "new"), link("a/k", "t"), file("a/k", "new"), link("a/k", "t")} {
			t.Run(fmt.Sprintf("%s for a %v, plain %v", name, e.Kind, i > 1), func(t *testing.T) {
				tr, dir := newTree(t)
				tr.dirs.hooks.plain = i > 1
				swapAt(t, tr, dir, "create", "a/k", tt.make)
				_, err := tr.Put(t.Context(), e, strings.NewReader("new"), nil)
				isErr(t, "put", err, tt.want)
				if got := onDisk(t, dir); len(got) != 1 || !strings.HasPrefix(got[0], "a/k") || (got[0] == "a/k -> ../t") != (tt.want == nil && e.Kind == core.Link) {
					t.Errorf("on disk: %q", got)
				}
			})
		}
	}
}
