//go:build unix

package localfs

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/s3fc/s3fc/core"
)

// folding returns a tree that treats names as APFS does: case and Unicode form
// do not tell names apart, and are kept as first written.
func folding(t *testing.T) (*Tree, string) {
	tr, dir := newTree(t)
	fold := cases.Fold()
	tr.dirs.hooks.fold = func(name string) string { return fold.String(norm.NFD.String(name)) }
	return tr, dir
}

func TestFoldedNamesAreAConflictThatNamesBoth(t *testing.T) {
	tests := map[string]struct{ there, key, other string }{
		"case":               {"Readme", "README", "Readme"},
		"Unicode form":       {"caf\u00e9", "cafe\u0301", "caf\u00e9"},
		"a directory":        {"docs/x", "Docs", "docs"},
		"in a directory":     {"d/e/a", "d/e/A", "d/e/a"},
		"below a directory":  {"docs/x", "Docs/y", "docs"},
		"deep below one":     {"a/docs/x", "a/Docs/y/z", "a/docs"},
		"a link":             {"L -> x", "l", "L"},
		"an empty directory": {"docs/", "Docs", "docs"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tr, dir := folding(t)
			write(t, dir, tt.there)
			before := onDisk(t, dir)
			for _, e := range []core.Entry{file(tt.key, "new"), link(tt.key, "t")} {
				_, err := tr.Put(t.Context(), e, strings.NewReader("new"), nil)
				isErr(t, e.Kind.String(), err, core.ErrConflict)
				if err == nil || !strings.Contains(err.Error(), " "+core.DisplayKey(tt.other)+" are one name") {
					t.Errorf("got %v, which does not name %s", err, tt.other)
				}
			}
			equal(t, "on disk", onDisk(t, dir), before)
		})
	}
}

func TestFoldingAllowsTheSameSpelling(t *testing.T) {
	tr, dir := folding(t)
	a := putFile(t, tr, "Docs/A", "1", nil)
	putFile(t, tr, "Docs/B/c", "2", nil)
	putFile(t, tr, "Docs/A", "3", &a)
	putFile(t, tr, "Docs/B/d", "4", nil)
	equal(t, "on disk", onDisk(t, dir), []string{"Docs/A", "Docs/B/c", "Docs/B/d"})
	if got := readFile(t, filepath.Join(dir, "Docs/A")); got != "3" {
		t.Errorf("got %q", got)
	}
}

func TestProbeFindsThisFileSystemsFolding(t *testing.T) {
	tr, dir := newTree(t)
	got, err := tr.dirs.probe()
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "Name")
	want := writeOne(dir, "name") == nil && len(onDisk(t, dir)) == 1
	if got.folds != want {
		t.Errorf("got %v, want %v", got.folds, want)
	}
}

func TestProbeLeavesNothing(t *testing.T) {
	tr, dir := newTree(t)
	_, err := tr.dirs.probe()
	_, again := tr.dirs.probe()
	if err := errors.Join(err, again); err != nil {
		t.Fatal(err)
	}
	equal(t, "on disk", onDisk(t, dir), nil)
}
