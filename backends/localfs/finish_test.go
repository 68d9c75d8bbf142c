//go:build unix

package localfs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

func finish(t *testing.T, tr *Tree, deletes bool) {
	t.Helper()
	notes, err := tr.Finish(t.Context(), core.Done{Deletes: deletes})
	if err != nil || len(notes) > 0 {
		t.Errorf("got %q, %v", notes, err)
	}
}

func TestFinishRemovesEmptyDirectories(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a/b/c/", "a/d/", "e/f", "e/g/", "bad\x01/", "l -> e", "full/l -> x")
	finish(t, tr, false)
	equal(t, "without deletes", onDisk(t, dir), []string{"a/b/c/", "a/d/", "bad\x01/", "e/f", "e/g/", "full/l -> x", "l -> e"})
	finish(t, tr, true)
	equal(t, "with deletes", onDisk(t, dir), []string{"bad\x01/", "e/f", "full/l -> x", "l -> e"})
}

func TestFinishNeverRemovesTheRoot(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a/b/")
	finish(t, tr, true)
	equal(t, "on disk", onDisk(t, dir), nil)
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}

func TestFinishDoesNotFollowLinks(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "tree")
	write(t, base, "outside/empty/", "outside/"+kit.TempName(""))
	write(t, dir, "l -> ../outside", "in/x", "in/l -> .")
	before := onDisk(t, base)
	finish(t, sweepAll(open(t, dir, Options{})), true)
	equal(t, "on disk", onDisk(t, base), before)
}

// sweepAll lists the tree and makes every temporary file look stale.
func sweepAll(tr *Tree) *Tree {
	for range tr.List(context.Background(), "") {
	}
	tr.dirs.hooks.later = 2 * kit.StaleAfter
	return tr
}

func TestFinishRemovesOnlyStaleTemporaryFiles(t *testing.T) {
	tr, dir := newTree(t)
	temp := kit.TempName("")
	write(t, dir, "a/"+temp, "f")
	write(t, dir, kit.TempName("")+" -> f", kit.TempName("")+"/in/x")
	before := onDisk(t, dir)
	// A time from the content's source does not make a file old.
	if err := os.Chtimes(filepath.Join(dir, "a", temp), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	finish(t, tr, true)
	equal(t, "at once", onDisk(t, dir), before)
	finish(t, sweepAll(tr), true)
	got := onDisk(t, dir)
	if len(got) != 2 || filepath.Base(got[0]) != "x" || got[1] != "f" {
		t.Errorf("got %q, want the directory that is not ours, and f", got)
	}
}

func TestFinishCancelled(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a/")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tr.Finish(ctx, core.Done{Deletes: true})
	isErr(t, "Finish", err, context.Canceled)
	equal(t, "on disk", onDisk(t, dir), []string{"a/"})
}

// A run that is killed leaves at most a temporary file, which the next run
// removes at once, and what was there.
func TestAKilledRunLeavesNothingToSee(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "k")
	cmd := child(t, "hang", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	temps := func() []string {
		found, _ := filepath.Glob(filepath.Join(dir, "*", ".s3fc-*"))
		return found
	}
	for deadline := time.Now().Add(10 * time.Second); len(temps()) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the child wrote nothing")
		}
	}
	err := cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait() // it was killed
	if err != nil {
		t.Fatal(err)
	}
	tr := open(t, dir, Options{})
	equal(t, "list", shown(t, tr), []string{"k"})
	finish(t, tr, true)
	equal(t, "after Finish", onDisk(t, dir), []string{"k"})
}

func TestFinishTellsWhatItCannotRemove(t *testing.T) {
	s := &sweeper{}
	d := &dir{key: "a"}
	if s.gone(d, "b", errors.New("no way")) || !s.gone(d, "c", os.ErrNotExist) || s.gone(d, "d", core.ErrConflict) {
		t.Error("told is wrong about what is gone")
	}
	if s.left != 1 || s.first != "a/b" {
		t.Errorf("got %d, %q", s.left, s.first)
	}
}

func TestFinishKeepsDirectoriesThatAreHidden(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{".git/refs/tags", "empty/deep"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	temp := ".git/" + kit.TempName("")
	write(t, dir, temp)
	tree, err := New(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	sweepAll(tree)
	done := core.Done{Deletes: true, Keep: func(dir string) bool { return dir == ".git" }}
	if _, err := tree.Finish(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".git/refs/tags")); err != nil {
		t.Error("an excluded directory was cleaned up:", err)
	}
	if _, err := os.Stat(filepath.Join(dir, temp)); err != nil {
		t.Error("a file in an excluded directory was removed:", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "empty")); err == nil {
		t.Error("an empty directory is left")
	}
}
