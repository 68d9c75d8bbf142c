//go:build !android && !portable

package localfs

import (
	"fmt"
	"io"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// The calls for a file are counted where Linux has a call that does several things
// at once: reading files enters no directory, and a new one gets its name without a
// second link.
func TestAFileCostsNoMoreThanItMust(t *testing.T) {
	tr, dir := newTree(t)
	steps := map[string]int{}
	tr.dirs.hooks.window = func(before, _ string) { steps[before]++ }
	const dirs, files = 3, 10
	for i := range dirs * files {
		putFile(t, tr, fmt.Sprintf("a/d%d/f%d", i/files, i), "x", nil)
	}
	// Each directory is made once, when it could not be entered, and kept open.
	want := map[string]int{"enter": 2 * (1 + dirs), "create": dirs * files}
	if fmt.Sprint(steps) != fmt.Sprint(want) {
		t.Errorf("to write %d files in %d directories: got steps %v, want %v", dirs*files, dirs, steps, want)
	}
	if tr.dirs.noRenameNew.Load() {
		t.Logf("the file system of %s cannot rename without replacing", dir)
	}
	tr.dirs.cache.clear()
	clear(steps)
	for i := range dirs * files {
		if got := contentOf(t, tr, fmt.Sprintf("a/d%d/f%d", i/files, i)); got != "x" {
			t.Errorf("got %q", got)
		}
	}
	if tr.dirs.noReadBelow.Load() {
		t.Skip("this kernel cannot open a file without links in one step")
	}
	if want := map[string]int{"open": dirs * files}; fmt.Sprint(steps) != fmt.Sprint(want) {
		t.Errorf("to read them: got steps %v, want %v", steps, want)
	}
}

// Whoever has room for one byte more than a file has learns of its end, and
// that it did not change, from the first read.
func TestASmallFileIsReadAtOnce(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f")
	r, e, err := tr.Open(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	buf := make([]byte, e.Size+1)
	if n, err := r.Read(buf); int64(n) != e.Size || err != io.EOF { //nolint:errorlint // As readers say it.
		t.Errorf("the first read of %d bytes: got %d, %v, want all and the end", len(buf), n, err)
	}
	if e.Kind != core.File {
		t.Errorf("got %+v", e)
	}
}
