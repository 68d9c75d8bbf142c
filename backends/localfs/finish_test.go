//go:build unix

package localfs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// finish does as a run does at its end.
func finish(t *testing.T, tr *Tree, deletes bool) {
	t.Helper()
	if deletes {
		removeEmpty(t, tr)
	}
	notes, err := tr.Finish(t.Context(), core.Done{Deletes: deletes})
	if err != nil || len(notes) > 0 {
		t.Errorf("got %q, %v", notes, err)
	}
}

// removeEmpty removes the directories that ListDirs shows with nothing in them.
func removeEmpty(t *testing.T, tr *Tree) {
	t.Helper()
	var dirs, keys []string
	for e, err := range tr.ListDirs(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if dir, ok := e.Directory(); ok {
			dirs = append(dirs, dir)
		} else {
			keys = append(keys, e.Key)
		}
	}
	for _, dir := range slices.Backward(dirs) {
		if slices.ContainsFunc(keys, func(key string) bool { return core.Below(key, dir) }) {
			continue
		}
		if err := tr.RemoveDir(t.Context(), dir); err != nil && !errors.Is(err, core.ErrConflict) {
			t.Errorf("%s: %v", dir, err)
		}
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
	for range tr.List(context.Background(), "") { //nolint:errcheck // Only the walk counts.
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
	isErr(t, "RemoveDir", tr.RemoveDir(ctx, "a"), context.Canceled)
	equal(t, "on disk", onDisk(t, dir), []string{"a/"})
}

// A run that is killed leaves the old entries, and at most a temporary file, which
// the next run removes at once.
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

func TestFinishLeavesHiddenDirectoriesAlone(t *testing.T) {
	tr, dir := newTree(t)
	temp := ".git/" + kit.TempName("")
	write(t, dir, temp, kit.TempName(""))
	sweepAll(tr)
	if _, err := tr.Finish(t.Context(), core.Done{Keep: func(dir string) bool { return dir == ".git" }}); err != nil {
		t.Fatal(err)
	}
	equal(t, "on disk", onDisk(t, dir), []string{temp})
}

func TestRemoveDirRemovesOnlyEmptyDirectories(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "empty/", "full/f", "file", "link -> empty", "live/"+kit.TempName(""), "deep/er/")
	before := onDisk(t, dir)
	for _, d := range []string{"full", "file", "link", "live", "deep", "", ".", "..", "../x", "link/x", "file/x"} {
		if err := tr.RemoveDir(t.Context(), d); !errors.Is(err, core.ErrConflict) {
			t.Errorf("%q: got %v, want a conflict", d, err)
		}
	}
	for _, d := range []string{"none", "none/at/all"} {
		if err := tr.RemoveDir(t.Context(), d); err != nil {
			t.Errorf("%q: %v", d, err)
		}
	}
	equal(t, "on disk", onDisk(t, dir), before)
	tr.dirs.hooks.later = 2 * kit.StaleAfter
	for _, d := range []string{"empty", "live", "deep/er"} {
		if err := tr.RemoveDir(t.Context(), d); err != nil {
			t.Errorf("%q: %v", d, err)
		}
	}
	equal(t, "on disk", onDisk(t, dir), []string{"deep/", "file", "full/f", "link -> empty"})
}

// The tree does not have the directories behind a followed link, and directories
// that are not listed are not removed.
func TestListDirs(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a/b/f", "a-", "a.d/", "l -> a", "bad\x01/", "z/y/x/", "../"+filepath.Base(dir)+"-out/e/")
	want := []string{"a-", "a.d/", "a/", "a/b/", "a/b/f", "bad\x01", "l", "z/", "z/y/", "z/y/x/"}
	var got []string
	for e := range tr.ListDirs(t.Context(), "") { //nolint:errcheck // The entries tell.
		got = append(got, e.Key)
	}
	equal(t, "all", got, want)
	for i, after := range want {
		got = nil
		for e := range tr.ListDirs(t.Context(), after) { //nolint:errcheck // The entries tell.
			got = append(got, e.Key)
		}
		equal(t, "after "+after, got, want[i+1:])
	}
	write(t, dir, "out -> ../"+filepath.Base(dir)+"-out")
	follow := open(t, dir, Options{Links: FollowLinks})
	for e := range follow.ListDirs(t.Context(), "out") { //nolint:errcheck // The entries tell.
		if d, ok := e.Directory(); ok && (core.Below(d+"/", "out") || core.Below(d+"/", "l")) {
			t.Errorf("listed %s", e.Key)
		}
	}
}
