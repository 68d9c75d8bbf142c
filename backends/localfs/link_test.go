//go:build unix

package localfs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// want is a link's expected target, and whether that is a directory.
type want struct {
	target string
	is     core.Dir
}

const unknown, isDir, notDir = core.DirUnknown, core.IsDir, core.NotDir

// linkTests: ROOT is the tree's directory, NAME its last segment.
var linkTests = []struct {
	key, text string
	want
}{
	{"l", "file", want{"file", notDir}},
	{"d/l", "file", want{"d/file", notDir}},
	{"d/l", "../file", want{"file", notDir}},
	{"l", "./d//./file", want{"d/file", notDir}},
	{"l", "d", want{"d", isDir}},
	{"l", "d/", want{"d", isDir}},
	{"l", "file/", want{"file", notDir}},
	{"l", "d/.", want{"d", isDir}},
	{"l", "d/e/..", want{"d", isDir}},
	{"l", ".", want{".", isDir}},
	{"d/e/l", "../..", want{".", isDir}},
	{"l", "d/..", want{".", isDir}},
	// absolute and inside
	{"l", "ROOT", want{".", isDir}},
	{"l", "ROOT/", want{".", isDir}},
	{"d/l", "ROOT/file", want{"file", notDir}},
	{"d/l", "ROOT/d/../v2/page", want{"v2/page", notDir}},
	{"d/l", "ROOT/nowhere", want{"nowhere", unknown}},
	// leaving and coming back
	{"l", "../NAME/file", want{"file", notDir}},
	{"d/l", "../../NAME", want{".", isDir}},
	{"d/l", "ROOT/../NAME/d/e", want{"d/e", isDir}},
	{"l", "latest/../../NAME/v2", want{"v2", isDir}},
	// the last hop is kept
	{"l", "latest", want{"latest", notDir}},
	{"l", "latest/", want{"latest", notDir}},
	{"l", "hop", want{"hop", notDir}},
	{"l", "dot", want{"dot", notDir}},
	// directory links on the way are followed, and the rest is physical
	{"l", "latest/page", want{"v2/page", notDir}},
	{"l", "hop/page", want{"v2/page", notDir}},
	{"l", "abs/page", want{"v2/page", notDir}},
	{"l", "dot/dot/dot/v2", want{"v2", isDir}},
	{"l", "up/..", want{"d", isDir}},
	{"l", "up/../file", want{"d/file", notDir}},
	{"l", "up/../tov2", want{"d/tov2", notDir}},
	{"l", "latest/nowhere", want{"v2/nowhere", unknown}},
	// dangling
	{"l", "nowhere", want{"nowhere", unknown}},
	{"l", "no/where/at/../all", want{"no/where/all", unknown}},
	{"l", "no/..", want{".", unknown}},
	{"l", "file/x", want{"file/x", unknown}},
	{"l", "file/../d", want{"d", unknown}},
	{"l", "no/../latest/x", want{"latest/x", unknown}},
	{"l", longName(300), want{longName(300), unknown}},
	{"l", longName(300) + "/x", want{longName(300) + "/x", unknown}},
	{"l", strings.Repeat("d/../", 818) + "d/e/f", want{"d/e/f", unknown}}, // 4095 bytes
	{"l", "sp ace/a+b%20?#é", want{"sp ace/a+b%20?#é", notDir}},
	{"l", "ftp://host/x", want{"ftp:/host/x", unknown}},
}

func TestLinksBecomeTargets(t *testing.T) {
	tr, dir := newTree(t)
	name := filepath.Base(dir)
	write(t, dir, "file", "d/file", "d/e/file", "v2/page", "latest -> v2", "d/tov2 -> ../v2", "hop -> d/tov2", "abs -> "+dir+"/v2",
		"up -> d/e", "sp ace/a+b%20?#é", "dot -> .")
	for _, tt := range linkTests {
		t.Run(tt.key+" "+tt.text[:min(len(tt.text), 40)], func(t *testing.T) {
			write(t, dir, tt.key+" -> "+strings.NewReplacer("ROOT", dir, "NAME", name).Replace(tt.text))
			defer func() { _ = os.Remove(filepath.Join(dir, tt.key)) }()
			got := stat(t, tr, tt.key)
			if got.Kind != core.Link || got.Target != (core.Target{Key: tt.target, Dir: tt.is}) || got.Problem != nil {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestLinksThatCannotBeCarried(t *testing.T) {
	tr, dir := newTree(t)
	name := filepath.Base(dir)
	write(t, dir, "d/x", "d/out -> ../..", "ring1 -> ring2", "ring2 -> ring3", "ring3 -> ring1", "self -> self", "new\nline/x", "bad\xff")
	for i := range 42 {
		write(t, dir, fmt.Sprintf("chain%d -> chain%d", i, i+1))
	}
	const outside, ring, itself, key, hops = "outside the tree", "ring", "itself", "cannot be a key", "more than 40"
	tests := []struct{ key, text, problem string }{
		{"l", "..", outside}, {"l", "/", outside}, {"l", "/etc/passwd", outside}, {"d/l", "../../x", outside},
		{"l", "../other/" + name, outside}, {"l", "d/out/x", outside}, {"l", "d/out/" + name + "2/x", outside},
		{"l", dir + "2", outside}, {"l", dir + "2/x", outside}, {"l", filepath.Dir(dir), outside},
		{"l", "../x/../" + name + "/d", outside},
		{"l", "no/../l/x", itself}, {"d/l", "no/../../d/l/x/y", itself}, {"l", "l", itself}, {"d/l", "../d/l", itself}, {"l", dir + "/l", itself}, {"l", "./l/", itself},
		{"l", "ring1", ring}, {"l", "self", ring}, {"l", "self/x", hops}, {"l", "ring1/x", hops},
		{"ring1", "", ring}, {"ring3", "", ring}, {"self", "", itself},
		{"l", "chain0", hops}, {"l", "chain0/x", hops},
		{"l", "new\nline/x", key}, {"l", "bad\xff", key}, {"l", "no\x7f", key},
		{"l", "http://host/x", "URL"}, {"l", "https://host/x", "URL"},
	}
	for _, tt := range tests {
		t.Run(tt.key+" "+tt.text, func(t *testing.T) {
			if tt.text != "" {
				write(t, dir, tt.key+" -> "+tt.text)
				defer func() { _ = os.Remove(filepath.Join(dir, tt.key)) }()
			}
			got := stat(t, tr, tt.key)
			if got.Kind != core.Other || got.Problem == nil || !strings.Contains(got.Problem.Error(), tt.problem) {
				t.Errorf("got %+v, want an Other because of %q", got, tt.problem)
			}
		})
	}
}

func TestAChainStaysAChain(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f", "c -> f", "b -> c", "a -> b", "out -> /nowhere", "toout -> out", "dang -> no", "todang -> dang")
	equal(t, "list", shown(t, tr), []string{"a -> b", "b -> c", "c -> f", "dang -> no", "f", "out!", "todang -> dang", "toout -> out"})
}

func TestDirectoryLinksAreNeverWalked(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "d/x", "l -> d", "d/loop -> ..", "d/self -> .")
	equal(t, "list", shown(t, tr), []string{"d/loop -> .", "d/self -> d", "d/x", "l -> d"})
}

func TestTheRootMayBeALink(t *testing.T) {
	base := t.TempDir()
	write(t, base, "real/f", "real/d/x", "root -> real", "root2 -> root")
	root := filepath.Join(base, "root2")
	real := filepath.Join(base, "real")
	write(t, real, "given -> "+root+"/f", "true -> "+real+"/d", "back -> ../real/f", "byname -> ../root/f", "prefix -> "+root+"3/f")
	tr := open(t, root, Options{})
	equal(t, "list", shown(t, tr), []string{"back -> f", "byname -> f", "d/x", "f", "given -> f", "prefix!", "true -> d"})
	putFile(t, tr, "new", "x", nil)
	if got := readFile(t, filepath.Join(real, "new")); got != "x" {
		t.Errorf("got %q", got)
	}
}

func TestLinksFollowed(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "tree")
	write(t, base, "outside/x", "outside/y/z", "one")
	write(t, dir, "f", "lf -> f", "d/x", "ld -> d", "lo -> ../outside", "l1 -> ../one", "dangling -> nowhere", "chain -> lf", "a-", "a -> d", "d/e/tox -> ../x")
	tr := open(t, dir, Options{Links: FollowLinks})
	want := []string{"a-", "a/e/tox", "a/x", "chain", "d/e/tox", "d/x", "dangling!", "f", "l1", "ld/e/tox", "ld/x", "lf", "lo/x", "lo/y/z"}
	equal(t, "list", shown(t, tr), want)
	for key, want := range map[string]string{"lf": "f", "chain": "f", "a/x": "d/x", "lo/y/z": "outside/y/z", "l1": "one", "ld/e/tox": "d/x"} {
		if got := contentOf(t, tr, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	for i, key := range want {
		var rest []string
		for e, err := range tr.List(t.Context(), strings.TrimSuffix(key, "!")) {
			if err != nil {
				t.Fatal(err)
			}
			rest = append(rest, e.Key)
		}
		if got := len(rest); got != len(want)-i-1 {
			t.Errorf("after %s: got %q", key, rest)
		}
	}
}

func TestLinksFollowedEndInARing(t *testing.T) {
	tr, dir := newTree(t)
	tr.dirs.links = FollowLinks
	write(t, dir, "d/up -> ..", "d/x", "self -> self", "z", "a -> b", "b -> a", "below -> z/x", "out -> ../"+filepath.Base(dir)+"-out", "../"+filepath.Base(dir)+"-out/tree -> "+dir, "long -> "+longName(300))
	write(t, dir, "parent -> ../"+filepath.Base(filepath.Dir(dir))+"/.")
	// A ring is refused as a link to nothing is: it is no error, which would stop
	// all deletes for as long as it is there.
	equal(t, "list", shown(t, tr), []string{"a!", "b!", "below!", "d/up!", "d/x", "long!", "out/tree!", "parent!", "self!", "z"})
}

func TestLinksFollowedAreNotWrittenThrough(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "tree")
	write(t, base, "outside/x", "one")
	write(t, dir, "lo -> ../outside", "l1 -> ../one", "l2 -> ../one")
	tr := open(t, dir, Options{Links: FollowLinks})
	one, two := stat(t, tr, "l1"), stat(t, tr, "l2")
	putFile(t, tr, "l1", "new", &one)
	if err := tr.Delete(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	isErr(t, "delete behind a link", tr.Delete(t.Context(), stat(t, tr, "lo/x")), core.ErrConflict)
	_, err := tr.Put(t.Context(), file("lo/new", "x"), strings.NewReader("x"), nil)
	isErr(t, "put behind a link", err, core.ErrConflict)
	_, err = tr.Put(t.Context(), link("new", "x"), nil, nil)
	isErr(t, "put a link", err, core.ErrUnsupportedLink)
	equal(t, "on disk", onDisk(t, base), []string{"one", "outside/x", "tree/l1", "tree/lo -> ../outside"})
	if got := readFile(t, filepath.Join(base, "one")); got != "one" {
		t.Errorf("what the link pointed to is now %q", got)
	}
}

func TestLinksSkippedAreProtected(t *testing.T) {
	tr, dir := newTree(t)
	tr.dirs.links = SkipLinks
	write(t, dir, "f", "l -> f", "out -> ..")
	for _, e := range list(t, tr) {
		if e.Key != "f" {
			isErr(t, e.Key, e.Problem, core.ErrExcluded)
		}
	}
	equal(t, "list", shown(t, tr), []string{"f", "l!", "out!"})
}

// A link that leaves the tree by its text is inside if the file system leads it
// back, whatever way SRC is spelled: as a release that is deployed under
// releases/2024 and reached through the link current.
func TestEverySpellingOfTheRootGivesTheSameTargets(t *testing.T) {
	base := t.TempDir()
	write(t, base, "srv/releases/2024/d/f", "srv/releases/2023/f", "srv/current -> releases/2024", "alias -> srv/current", "other/in -> ../srv", "file")
	dir := filepath.Join(base, "srv/releases/2024")
	write(t, dir,
		"abs1 -> "+base+"/srv/releases/2024/d/f", "abs2 -> "+base+"/srv/current/d/f", "abs3 -> "+base+"/alias/d", "abs4 -> "+base+"/other/in/current/d/f",
		"up1 -> ../2024/d/f", "up2 -> ../../current/d/f", "d/up3 -> ../../../../alias/d/./f", "d/root -> ../../../current", "toroot -> "+base+"/alias",
		"dang -> ../../current/none", "hop -> ../../current/up1", "old -> ../2023/f", "d/file -> "+base+"/file", "none -> "+base+"/none/../srv/current/d/f",
		"ring -> "+base+"/alias/ring", "ringby -> ../../current/ring",
	)
	want := []string{"abs1 -> d/f", "abs2 -> d/f", "abs3 -> d", "abs4 -> d/f", "d/f", "d/file!", "d/root -> .", "d/up3 -> d/f", "dang -> none", "hop -> up1",
		"none!", "old!", "ring!", "ringby!", "toroot -> .", "up1 -> d/f", "up2 -> d/f"}
	t.Chdir(filepath.Join(base, "srv"))
	for _, spelling := range []string{dir, base + "/srv/current", base + "/alias/", base + "/other/in/current", "current", "releases/../current/.", "./releases/2024"} {
		equal(t, spelling, shown(t, open(t, spelling, Options{})), want)
	}
}
