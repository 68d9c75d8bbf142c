//go:build unix

package localfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/s3fc/s3fc/core"
)

func TestPutReturnsTheEntryOfStat(t *testing.T) {
	tr, dir := newTree(t)
	want := file("a/b/c.txt", "hello")
	want.ModTime = time.Date(2001, 2, 3, 4, 5, 6, 789, time.UTC)
	got, err := tr.Put(t.Context(), want, strings.NewReader("hello"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Same(want) || got.Partial || !got.ModTime.Equal(want.ModTime) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if st := stat(t, tr, "a/b/c.txt"); st.Token != got.Token || st.Size != 5 || st.MD5.Known() || st.Partial || st.Token == "" {
		t.Errorf("Stat says %+v, Put said %+v", st, got)
	}
	equal(t, "on disk", onDisk(t, dir), []string{"a/b/c.txt"})
}

func TestPutReplacesEachKindByEach(t *testing.T) {
	tr, dir := newTree(t)
	e := putFile(t, tr, "k", "one", nil)
	e = putFile(t, tr, "k", "two", &e)
	e = putLink(t, tr, "k", "x", &e)
	e = putLink(t, tr, "k", "y/z", &e)
	equal(t, "link", onDisk(t, dir), []string{"k -> y/z"})
	putFile(t, tr, "k", "three", &e)
	if got := readFile(t, filepath.Join(dir, "k")); got != "three" {
		t.Errorf("got %q, want three", got)
	}
	equal(t, "file", onDisk(t, dir), []string{"k"})
}

func TestPutOverwritesOnlyTheSeenVersion(t *testing.T) {
	tr, dir := newTree(t)
	first := putFile(t, tr, "k", "one", nil)
	second := putFile(t, tr, "k", "two", &first)
	for name, old := range map[string]*core.Entry{"nothing": nil, "an older version": &first} {
		_, err := tr.Put(t.Context(), file("k", "new"), strings.NewReader("new"), old)
		isErr(t, name, err, core.ErrChanged)
		_, err = tr.Put(t.Context(), link("k", "x"), nil, old)
		isErr(t, name+" for a link", err, core.ErrChanged)
	}
	_, err := tr.Put(t.Context(), file("gone", "new"), strings.NewReader("new"), &second)
	isErr(t, "what is gone", err, core.ErrChanged)
	equal(t, "on disk", onDisk(t, dir), []string{"k"})
	if got := readFile(t, filepath.Join(dir, "k")); got != "two" {
		t.Errorf("got %q, want two", got)
	}
}

func TestPutSeesAChangeDuringTheBody(t *testing.T) {
	tr, dir := newTree(t)
	old := putFile(t, tr, "k", "one", nil)
	for name, at := range map[string]struct {
		key string
		old *core.Entry
	}{"replaced": {"k", &old}, "created": {"new", nil}} {
		body := io.MultiReader(strings.NewReader("bo"), meanwhile(func() {
			if err := os.WriteFile(filepath.Join(dir, at.key), []byte("stranger"), 0o666); err != nil {
				t.Error(err)
			}
		}), strings.NewReader("dy"))
		_, err := tr.Put(t.Context(), file(at.key, "body"), body, at.old)
		isErr(t, name, err, core.ErrChanged)
		if got := readFile(t, filepath.Join(dir, at.key)); got != "stranger" {
			t.Errorf("%s: got %q, want what the stranger wrote", name, got)
		}
	}
	equal(t, "on disk", onDisk(t, dir), []string{"k", "new"})
}

// meanwhile is an empty reader that calls f when it is read.
func meanwhile(f func()) io.Reader { return &once{f: f} }

type once struct{ f func() }

func (o *once) Read([]byte) (int, error) { o.f(); return 0, io.EOF }

func TestPutThatFailsLeavesEverythingAsItWas(t *testing.T) {
	wrong := file("k", "other")
	wrong.Size = 3
	broken := errors.New("the line is dead")
	long := file("k", "body")
	tests := map[string]struct {
		e    core.Entry
		body io.Reader
		want error
	}{
		"short body":  {file("k", "0123456789"), strings.NewReader("012"), core.ErrCorrupt},
		"long body":   {long, strings.NewReader("body and more"), core.ErrCorrupt},
		"wrong md5":   {wrong, strings.NewReader("abc"), core.ErrCorrupt},
		"broken body": {file("k", "0123456789"), io.MultiReader(strings.NewReader("0123"), iotest.ErrReader(core.Transient(broken))), broken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tr, dir := newTree(t)
			_, err := tr.Put(t.Context(), under("a/b", tt.e), tt.body, nil)
			isErr(t, "create", err, tt.want)
			equal(t, "after create", onDisk(t, dir), nil)
		})
		t.Run(name+" over", func(t *testing.T) {
			tr, dir := newTree(t)
			old := putFile(t, tr, "k", "old", nil)
			if seeker, ok := tt.body.(io.Seeker); ok {
				_, _ = seeker.Seek(0, io.SeekStart)
			}
			_, err := tr.Put(t.Context(), tt.e, tt.body, &old)
			if err == nil {
				t.Error("got no error")
			}
			equal(t, "on disk", onDisk(t, dir), []string{"k"})
			if got := stat(t, tr, "k"); got.Token != old.Token {
				t.Errorf("got token %s, want %s", got.Token, old.Token)
			}
		})
	}
}

func under(dir string, e core.Entry) core.Entry { e.Key = dir + "/" + e.Key; return e }

func TestPutKeepsTheMarkOfATransientBody(t *testing.T) {
	tr, _ := newTree(t)
	_, err := tr.Put(t.Context(), file("k", "abc"), iotest.ErrReader(core.Transient(errors.New("try again"))), nil)
	if !core.IsTransient(err) {
		t.Errorf("got %v, want a transient error", err)
	}
}

func TestPutCancelledInTheBodyIsInvisible(t *testing.T) {
	for _, key := range []string{"k", "a/b/c"} {
		tr, dir := newTree(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		body := io.MultiReader(strings.NewReader("bo"), meanwhile(cancel), strings.NewReader("dy"))
		_, err := tr.Put(ctx, file(key, "body"), body, nil)
		isErr(t, key, err, context.Canceled)
		equal(t, "on disk", onDisk(t, dir), nil)
	}
}

func TestPutCancelledAtTheEndOfTheBodyIsInvisible(t *testing.T) {
	tr, dir := newTree(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := tr.Put(ctx, file("k", "body"), io.MultiReader(strings.NewReader("body"), meanwhile(cancel)), nil)
	isErr(t, "put", err, context.Canceled)
	equal(t, "on disk", onDisk(t, dir), nil)
}

func TestPutModes(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	tr, dir := newTree(t)
	e := putFile(t, tr, "d/new", "x", nil)
	mode := func(name string, want fs.FileMode) {
		t.Helper()
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: got mode %v, want %v", name, got, want)
		}
	}
	mode("d", 0o750)
	mode("d/new", 0o640)
	if err := os.Chmod(filepath.Join(dir, "d/new"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := tr.Put(t.Context(), file("d/new", "yy"), strings.NewReader("yy"), &e)
	isErr(t, "a changed mode is a change", err, core.ErrChanged)
	e = stat(t, tr, "d/new")
	putFile(t, tr, "d/new", "y", &e)
	mode("d/new", 0o755)
}

// Machines of 32 bits have no number for it.
func TestPutModTimeAfter2038IsKeptOrLeftOut(t *testing.T) {
	tr, _ := newTree(t)
	e := file("k", "x")
	e.ModTime = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	got, err := tr.Put(t.Context(), e, strings.NewReader("x"), nil)
	if err != nil || !got.ModTime.Equal(e.ModTime) && time.Since(got.ModTime).Abs() > time.Hour {
		t.Errorf("got %v, %v, want %v or now", got.ModTime, err, e.ModTime)
	}
}

func TestPutWithoutHardLinksStillCreates(t *testing.T) {
	tr, dir := newTree(t)
	tr.dirs.hooks.noLinks = true
	putFile(t, tr, "a/b", "x", nil)
	_, err := tr.Put(t.Context(), file("a/b", "y"), strings.NewReader("y"), nil)
	isErr(t, "second create", err, core.ErrChanged)
	equal(t, "on disk", onDisk(t, dir), []string{"a/b"})
}

func TestPutRefusesAnEntryInTheWay(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "file", "full/x", "real/", "dirlink -> real", "out -> ..", "ring -> ring", "dangling -> nowhere")
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	before := onDisk(t, dir)
	for _, key := range []string{
		"file/x", "file/x/y", "dirlink/x", "dirlink/x/y", "out/x", "ring/x", "dangling/x", "fifo/x", // below entries that are no directories
		"full", // where a directory stands that is not empty
		"fifo", "out", "ring",
	} {
		_, err := tr.Put(t.Context(), file(key, "x"), strings.NewReader("x"), nil)
		isErr(t, key, err, core.ErrConflict)
		_, err = tr.Put(t.Context(), link(key, "t"), nil, nil)
		isErr(t, key+" as a link", err, core.ErrConflict)
		equal(t, key, onDisk(t, dir), before)
	}
	other := stat(t, tr, "fifo")
	_, err := tr.Put(t.Context(), file("fifo", "x"), strings.NewReader("x"), &other)
	isErr(t, "over an Other that was seen", err, core.ErrConflict)
}

func TestPutRemovesEmptyDirectoriesInItsWay(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a/b/c/", "a/d/", "l/m/")
	putFile(t, tr, "a", "x", nil)
	putLink(t, tr, "l", "a", nil)
	equal(t, "on disk", onDisk(t, dir), []string{"a", "l -> a"})
}

func TestPutLinkTexts(t *testing.T) {
	tr, dir := newTree(t)
	for _, l := range []struct{ key, target, text string }{
		{"top", ".", "."}, {"a/up", ".", ".."}, {"a/b/l", "a/b/x", "x"}, {"a/m", "c/d", "../c/d"},
		{"sp ace", "a b+%20?#é", "a b+%20?#é"}, {"a/same", "a", "."},
	} {
		got := putLink(t, tr, l.key, l.target, nil)
		text, err := os.Readlink(filepath.Join(dir, l.key))
		if err != nil || text != l.text || got.Target.Key != l.target || got.Kind != core.Link {
			t.Errorf("%s: got text %q, entry %+v, error %v, want %q", l.key, text, got, err, l.text)
		}
		if !tr.Proves(got, core.Evidence{Kind: core.Link, Target: core.Target{Key: l.target}}) {
			t.Errorf("%s: its token does not prove its target", l.key)
		}
	}
}

func TestPutConcurrentlyCreatesOnce(t *testing.T) {
	tr, dir := newTree(t)
	var wg sync.WaitGroup
	var won atomic.Int32
	for range 8 {
		wg.Go(func() {
			_, err := tr.Put(t.Context(), file("a/k", "x"), strings.NewReader("x"), nil)
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, core.ErrChanged):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("got %d creations, want 1", won.Load())
	}
	equal(t, "on disk", onDisk(t, dir), []string{"a/k"})
}

// The two sides of this race: a put that makes a directory, and a delete that
// removes it as soon as it is empty.
func TestPutWhileTheDirectoryIsPruned(t *testing.T) {
	tr, dir := newTree(t)
	var wg sync.WaitGroup
	for _, key := range []string{"d/e/a", "d/e/b", "d/e/c"} {
		wg.Go(func() {
			for range 100 {
				e, err := tr.Put(t.Context(), file(key, "x"), strings.NewReader("x"), nil)
				if err == nil {
					err = tr.Delete(t.Context(), e)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	equal(t, "on disk", onDisk(t, dir), nil)
}
