package conformance

import (
	"fmt"
	"slices"

	"github.com/s3fc/s3fc/core"
)

var dirCases = []Case{
	{
		Name: "DirRemover", Guide: "Abilities",
		Why: "a run removes the directories that it leaves empty; one that still has a file must stay, and so must a file of that name",
		Run: run(checkDirRemover),
	},
	{
		Name: "EmptyDirs", Guide: "Abilities", Hooks: []string{"EmptyDir"},
		Why: "an empty directory that is listed as an entry is copied or deleted as one, and one that is in the way stops every later run",
		Run: run(checkEmptyDirs),
	},
}

func checkDirRemover(p *probe) {
	d, ok := core.As[core.DirRemover](p.b)
	if !ok {
		return
	}
	p.files("a", "d-x", "d/e/y", "d/x", "z/q")
	if !listsAnyDir(p, d) { // as a decorator of a store without directories
		for _, dir := range []string{"d", "d/e", "z", "a"} {
			_ = d.RemoveDir(p.ctx, dir) // with or without an error, nothing may be gone
		}
		p.holdsKeys("a", "d-x", "d/e/y", "d/x", "z/q")
		return
	}
	checkListDirs(p, d, "", "a", "d-x", "d/", "d/e/", "d/e/y", "d/x", "z/", "z/q")
	checkListDirs(p, d, "d/e/y", "d/x", "z/", "z/q")
	for _, dir := range []string{"d", "d/e", "z", "a"} {
		p.refused(fmt.Sprintf("RemoveDir(%q), which is not an empty directory,", dir), d.RemoveDir(p.ctx, dir), core.ErrConflict)
	}
	if p.features.Links {
		p.link("l", core.Target{Key: "d", Dir: core.IsDir})
		p.refused(`RemoveDir("l"), a link,`, d.RemoveDir(p.ctx, "l"), core.ErrConflict)
		p.holdsLink("l", core.Target{Key: "d", Dir: core.IsDir})
		p.remove(p.stat("l"))
	}
	for _, dir := range []string{"none", "d/none", "none/none"} {
		if err := d.RemoveDir(p.ctx, dir); err != nil {
			p.failf("RemoveDir(%q), where nothing is: %w", dir, err)
		}
	}
	for _, dir := range []string{"", ".", "..", "/", "d/..", "d/e/", "../z"} {
		_ = d.RemoveDir(p.ctx, dir) // with or without an error, nothing may be gone
	}
	p.holdsKeys("a", "d-x", "d/e/y", "d/x", "z/q")
}

// listsAnyDir reports whether ListDirs yields any directory.
func listsAnyDir(p *probe, d core.DirRemover) bool {
	for e, err := range d.ListDirs(p.ctx, "") {
		if err != nil {
			p.failf("ListDirs: %w", err)
		}
		if _, isDir := e.Directory(); isDir {
			return true
		}
	}
	return false
}

// checkListDirs checks that ListDirs yields entries, and directories with a slash, of
// just these keys.
func checkListDirs(p *probe, d core.DirRemover, after string, want ...string) {
	var got []string
	for e, err := range d.ListDirs(p.ctx, after) {
		if err != nil {
			p.failf("ListDirs(after %q): %w", after, err)
			continue
		}
		dir, isDir := e.Directory()
		if isDir && dir+"/" != e.Key {
			p.failf("ListDirs yielded the directory %q under the key %q; want a slash at its end", dir, e.Key)
		}
		got = append(got, e.Key)
	}
	if !slices.Equal(got, want) {
		p.failf("ListDirs(after %q) yielded %q; want %q", after, got, want)
	}
}

// checkEmptyDirs makes directories that have no file, as another program does.
func checkEmptyDirs(p *probe) {
	p.files("a", "d/x", "n/s/x")
	inTheWay := []string{"n/1", "n/2", "n/s/3", "n/t/4", "n/z"} // beside the file n/s/x
	for _, dir := range append([]string{"d/empty", "e/deep/er"}, inTheWay...) {
		if p.hookFailed("EmptyDir", p.store.EmptyDir(dir)) {
			return
		}
	}
	p.holdsKeys("a", "d/x", "n/s/x")
	if !p.features.Flat {
		for _, dir := range []string{"d", "n"} {
			_, err := p.try(fileOf(dir, "above"), "above", nil)
			p.refused("Put in the place of a directory with a file and empty directories", err, core.ErrConflict)
		}
		p.holdsKeys("a", "d/x", "n/s/x")
	}
	p.nothing("d/empty")
	p.nothing("e/deep/er")
	if d, ok := core.As[core.DirRemover](p.b); ok {
		checkListDirs(p, d, "", "a", "d/", "d/empty/", "d/x", "e/", "e/deep/", "e/deep/er/",
			"n/", "n/1/", "n/2/", "n/s/", "n/s/3/", "n/s/x", "n/t/", "n/t/4/", "n/z/")
		p.refused(`RemoveDir("e"), in which a directory is,`, d.RemoveDir(p.ctx, "e"), core.ErrConflict)
		if err := d.RemoveDir(p.ctx, "d/empty"); err != nil {
			p.failf(`RemoveDir("d/empty"): %w`, err)
		}
		checkListDirs(p, d, "d/empty", "d/x", "e/", "e/deep/", "e/deep/er/",
			"n/", "n/1/", "n/2/", "n/s/", "n/s/3/", "n/s/x", "n/t/", "n/t/4/", "n/z/")
	}
	p.file("e", "in the place of empty directories")
	p.holds("e", "in the place of empty directories")
	p.holdsKeys("a", "d/x", "e", "n/s/x")
}
