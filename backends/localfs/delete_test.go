//go:build unix

package localfs

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

func TestDeleteRemovesTheDirectoriesItEmpties(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a/b/c/d", "a/keep/", "x -> a")
	for _, key := range []string{"a/b/c/d", "x"} {
		if err := tr.Delete(t.Context(), stat(t, tr, key)); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "on disk", onDisk(t, dir), []string{"a/keep/"})
}

func TestDeleteNeverRemovesTheRoot(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "only")
	if err := tr.Delete(t.Context(), stat(t, tr, "only")); err != nil {
		t.Fatal(err)
	}
	equal(t, "on disk", onDisk(t, dir), nil)
}

func TestDeleteOfAMissingEntryIsNoError(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "file", "l -> d", "d/x")
	before := onDisk(t, dir)
	for _, key := range []string{"no", "no/such", "file/x", "l/x", "d/y"} {
		e := file(key, "x")
		e.Token = "whatever"
		if err := tr.Delete(t.Context(), e); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	equal(t, "on disk", onDisk(t, dir), before)
}

func TestDeleteRemovesOnlyTheSeenVersion(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f", "l -> f", "d")
	f, l, d := stat(t, tr, "f"), stat(t, tr, "l"), stat(t, tr, "d")
	for _, name := range []string{"f", "l", "d"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "f -> x", "l -> d", "d/")
	before := onDisk(t, dir)
	for _, e := range []core.Entry{f, l} {
		isErr(t, e.Key, tr.Delete(t.Context(), e), core.ErrChanged)
	}
	if err := tr.Delete(t.Context(), d); err != nil {
		t.Errorf("a directory is no entry, so nothing is there; got %v", err)
	}
	equal(t, "on disk", onDisk(t, dir), before)
}

func TestDeleteRefuses(t *testing.T) {
	tr, dir := newTree(t)
	temp := kit.TempName("")
	write(t, dir, "out -> ..", temp)
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	before := onDisk(t, dir)
	out, fifo := stat(t, tr, "out"), stat(t, tr, "fifo")
	isErr(t, "an Other", tr.Delete(t.Context(), out), core.ErrConflict)
	out.Kind, fifo.Kind = core.Link, core.File
	isErr(t, "an Other called a link", tr.Delete(t.Context(), out), core.ErrConflict)
	isErr(t, "an Other called a file", tr.Delete(t.Context(), fifo), core.ErrConflict)
	isErr(t, "a temporary file", tr.Delete(t.Context(), file(temp, "")), core.ErrUnsupportedKey)
	isErr(t, "the parent", tr.Delete(t.Context(), file("..", "")), core.ErrUnsupportedKey)
	isErr(t, "the root", tr.Delete(t.Context(), file(".", "")), core.ErrUnsupportedKey)
	equal(t, "on disk", onDisk(t, dir), before)
}

func TestDeleteCancelled(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	isErr(t, "delete", tr.Delete(ctx, stat(t, tr, "f")), context.Canceled)
	equal(t, "on disk", onDisk(t, dir), []string{"f"})
}
