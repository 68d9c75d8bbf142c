package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// linkTrees, in the environment, is how many random trees of links are copied.
const linkTrees = "S3FC_TEST_LINK_TREES"

// randomLinks fills a directory with files, directories and links that lead
// wherever a text can lead: up, down, around, out, through each other and to
// nothing.
func randomLinks(b *bounds, r *rand.Rand) {
	names := []string{"a", "b", "c", "d e", "é+%", "a.x", "a-x"}
	name := func() string { return names[r.IntN(len(names))] }
	path := func() string {
		p := name()
		for range r.IntN(3) {
			p += "/" + name()
		}
		return p
	}
	for range 4 + r.IntN(10) {
		if p := path(); b.free(p) {
			b.write(p, p)
		}
	}
	for range 4 + r.IntN(10) {
		p := path()
		if !b.free(p) {
			continue
		}
		text := path()
		for range r.IntN(4) {
			text = []string{"../", "./", name() + "/../", name() + "/"}[r.IntN(4)] + text
		}
		switch r.IntN(12) {
		case 0:
			text = b.dir + "/" + text
		case 1:
			text = "."
		case 2:
			text += "/"
		}
		b.set(p, "→"+text)
	}
}

// free reports whether a file or link can be made at name, without going through
// a link.
func (b *bounds) free(name string) bool {
	if _, err := os.Lstat(filepath.Join(b.dir, name)); err == nil {
		return false
	}
	for up := filepath.Dir(name); up != "."; up = filepath.Dir(up) {
		if info, err := os.Lstat(filepath.Join(b.dir, up)); err == nil && !info.IsDir() {
			return false
		}
	}
	return true
}

// TestRandomTreesOfLinksResolveAsInTheFileSystem compares push and pull with the
// file system: each copied name resolves to the same place, only links that leave
// the tree or have no end are refused, and a second copy changes nothing.
func TestRandomTreesOfLinksResolveAsInTheFileSystem(t *testing.T) {
	long.Only(t)
	n := 5
	if v, err := strconv.Atoi(os.Getenv(linkTrees)); err == nil {
		n = v
	} else {
		t.Logf("%d trees; set %s for more", n, linkTrees)
	}
	b := newBounds(t)
	for i := range n {
		for _, way := range []string{"redirect", "expand"} {
			seed := uint64(i)
			r := rand.New(rand.NewPCG(seed, 2))
			tree := b.at(filepath.Join(t.TempDir(), "tree"))
			if err := os.Mkdir(tree.dir, 0o777); err != nil {
				t.Fatal(err)
			}
			randomLinks(tree, r)
			url := fmt.Sprintf("%s/%s/%d", b.bucket(), way, i)
			tree.roundTrip(url, way)
			randomLinks(tree, r) // and on top of the entries from before
			tree.roundTrip(url, way)
			if t.Failed() {
				t.Fatalf("seed %d, --dir-links=%s", seed, way)
			}
		}
	}
}

// roundTrip pushes a directory, pulls it to another, and compares where all
// names lead.
func (b *bounds) roundTrip(url, way string) {
	b.t.Helper()
	push := []string{"copy", b.dir, url, "--dir-links=" + way}
	pushed := run(b.t, push...)
	wantRun(b.t, "push", pushed, 0, nil)
	back := filepath.Join(b.t.TempDir(), "back")
	wantRun(b.t, "pull", run(b.t, "copy", url, back), 0, nil)
	want, got := snapshot(b.t, b.dir), snapshot(b.t, back)
	for name, is := range want {
		switch _, arrived := got[name]; {
		case pushed.events[name] == "refuse":
			if ok, err := rightly(b.dir, name, is, pushed.why[name]); !ok {
				b.t.Errorf("%s → %s is refused (%s), and leads to %v", name, is, pushed.why[name], err)
			}
		case !arrived:
			b.t.Errorf("%s (%s) did not arrive", name, is)
		case throughRefused(b.dir, name, pushed.events):
		case unspecified(b.dir, name, is), toNothing(b.dir, name, pushed.events):
		default:
			wantResolves(b.t, "pulled", b.dir, back, name)
		}
	}
	for name := range got { // a refused entry may be there from an earlier push, and stays
		if _, is := want[name]; !is {
			b.t.Errorf("%s arrived, and is not in the source", name)
		}
	}
	again := run(b.t, push...)
	if again.said.Files+again.said.Links+again.said.Deletes != 0 {
		b.t.Errorf("a second push: %v", again.events)
	}
	wantRun(b.t, "a second pull", run(b.t, "copy", url, back), 0, map[string]string{})
}

// unspecified reports whether the file system does not define a link's target: the
// way back from nothing, or a name below a file.
func unspecified(dir, name, text string) bool {
	_, err := resolves(dir, name)
	return errors.Is(err, syscall.ENOTDIR) || err != nil && strings.Contains(text, "..")
}

// toNothing reports whether a link leads to a directory of which nothing arrived, for
// everything in it is refused: no copy carries an empty directory.
func toNothing(dir, name string, events map[string]string) bool {
	to, err := resolves(dir, name)
	if err != nil {
		return false
	}
	if info, err := os.Stat(filepath.Join(dir, to)); err != nil || !info.IsDir() {
		return false
	}
	nothing := true
	err = filepath.WalkDir(filepath.Join(dir, to), func(path string, d os.DirEntry, err error) error {
		if key, relErr := filepath.Rel(dir, path); err == nil && relErr == nil && !d.IsDir() && events[key] != "refuse" {
			nothing = false
		}
		return err
	})
	return err == nil && nothing
}

// endless are the words that refuse a link which has no end.
var endless = []string{"itself", "ring", "more than 40 links"}

// rightly reports whether a link is refused for a reason: it leads out of the tree,
// or has no end. A dangling link is judged by its text and by the message, for
// there is nothing to resolve.
func rightly(dir, name, text, said string) (bool, error) {
	to, err := resolves(dir, name)
	if err == nil {
		return !filepath.IsLocal(to), fmt.Errorf("%s", to)
	}
	if filepath.IsAbs(text) {
		text = filepath.Clean(text)
	}
	without := slices.ContainsFunc(endless, func(why string) bool { return strings.Contains(said, why) })
	var at *fs.PathError
	outside := errors.As(err, &at) && !strings.HasPrefix(at.Path, dir+"/")
	return without || outside || leavesTree(dir, name, text), err
}

// throughRefused reports whether the chain of links that begins at name has one
// that did not arrive.
func throughRefused(dir, name string, events map[string]string) bool {
	for range 50 {
		if events[name] == "refuse" {
			return true
		}
		text, err := os.Readlink(filepath.Join(dir, name))
		if err != nil {
			return false
		}
		if !filepath.IsAbs(text) {
			text = dir + "/" + filepath.Dir(name) + "/" + text
		}
		parent, err := filepath.EvalSymlinks(text[:strings.LastIndexByte(strings.TrimRight(text, "/"), '/')])
		if err != nil {
			return false
		}
		if name, err = filepath.Rel(dir, filepath.Join(parent, filepath.Base(text))); err != nil {
			return false
		}
	}
	return false
}
