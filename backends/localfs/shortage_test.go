//go:build unix

package localfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

func init() { children["few"] = few }

// TestFewDescriptors checks that a process that may have few files open lists a tree
// that is deeper than that, and reads and writes more files at once than that.
func TestFewDescriptors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, deepDir+"f", deepDir+"g", "a/x", "z/y")
	if out, err := child(t, "few", dir).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

const fewFiles = 24

var deepDir = strings.Repeat("d/", 3*fewFiles)

// few is TestFewDescriptors in a process of its own.
func few(dir string) error {
	tr, err := New(dir, Options{})
	if err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: fewFiles, Max: fewFiles}); err != nil {
		return err
	}
	var got []string
	for e, err := range tr.List(context.Background(), "") {
		if err != nil {
			return err
		}
		got = append(got, e.Key)
	}
	if want := []string{"a/x", deepDir + "f", deepDir + "g", "z/y"}; strings.Join(got, " ") != strings.Join(want, " ") {
		return fmt.Errorf("listed %q", got)
	}
	return manyAtOnce(tr)
}

// manyAtOnce puts, and then reads, four times as many files as may be open.
func manyAtOnce(tr *Tree) error {
	errs := make([]error, 4*fewFiles)
	for _, op := range []func(key string) error{
		func(key string) error {
			body := io.MultiReader(strings.NewReader("con"), meanwhile(func() { time.Sleep(time.Millisecond) }), strings.NewReader("tent"))
			_, err := tr.Put(context.Background(), file(key, "content"), body, nil)
			return err
		},
		func(key string) error {
			r, _, err := tr.Open(context.Background(), key)
			if err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
			_, err = io.Copy(io.Discard, r)
			return errors.Join(err, r.Close())
		},
	} {
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = op(fmt.Sprintf("new/%d/f", i)) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}

// A caller that keeps files open itself is told that another try may succeed.
func TestALastingShortageIsTransient(t *testing.T) {
	var g gate
	err := g.do(func() error { return &os.PathError{Op: "open", Err: syscall.EMFILE} })
	if !core.IsTransient(err) || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("got %v", err)
	}
	if err := g.do(func() error { return syscall.ENOENT }); core.IsTransient(err) {
		t.Errorf("got %v", err)
	}
}

// A directory that was closed for a while and replaced meanwhile is an error, and
// not read as if it were the same.
func TestAnEvictedDirectoryThatWasReplaced(t *testing.T) {
	tr, base := newTree(t)
	write(t, base, "a/b/c/f", "a/z")
	d, err := tr.dirs.root.open()
	if err != nil {
		t.Fatal(err)
	}
	r := &dirReader{dirs: tr.dirs, entries: tr.entries, stack: []*dir{d}}
	for _, name := range []string{"a", "b", "c"} {
		if d, err = r.OpenDir(t.Context(), d, "", itemOf(name)); err != nil {
			t.Fatal(err)
		}
	}
	for r.evict() {
	}
	if err := errors.Join(os.Rename(filepath.Join(base, "a"), filepath.Join(base, "kept")), os.Mkdir(filepath.Join(base, "a"), 0o777)); err != nil {
		t.Fatal(err)
	}
	a := r.stack[1]
	r.CloseDir(r.stack[3])
	r.CloseDir(r.stack[2])
	if _, err := r.Entry(t.Context(), a, "a/z", itemOf("z")); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want an error that is of the directory", err)
	}
	r.CloseDir(a)
}
