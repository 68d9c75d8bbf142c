package ignore_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/ignore"
)

// grow makes files below dir, by name and content.
func grow(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// setOf returns the rules of the local directory dir.
func setOf(t *testing.T, dir string, links localfs.LinkPolicy) *ignore.Set {
	t.Helper()
	tree, err := localfs.New(dir, localfs.Options{Create: true, Links: links})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	return ignore.NewSet(nil, nil, ignore.OfTree(t.Context(), tree, dir))
}

func hides(t *testing.T, set *ignore.Set, want map[string]bool) {
	t.Helper()
	for key, hidden := range want {
		if got := set.Hidden(key); got != hidden {
			t.Errorf("Hidden(%q) = %v, want %v", key, got, hidden)
		}
	}
	if err := set.Err(); err != nil {
		t.Errorf("Err() = %v", err)
	}
}

func TestNestedFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	grow(t, dir, map[string]string{ignore.File: "*.log", "a/b/" + ignore.File: "!keep.log"})
	hides(t, setOf(t, dir, localfs.KeepLinks), map[string]bool{"x.log": true, "a/keep.log": true, "a/b/keep.log": false, "a/b/x.log": true, "none/there": false})
}

func TestRulesOfAnyHierarchicalTreeAreRead(t *testing.T) {
	features := memory.All
	features.Flat = false
	m := memory.NewWith(features)
	m.Plant(core.Entry{Key: "a/" + ignore.File, Kind: core.File}, []byte("x"))
	set := ignore.NewSet(nil, nil, ignore.OfTree(t.Context(), m, "m"))
	hides(t, set, map[string]bool{"x": false, "a/x": true})
}

func TestAnIgnoreFileInAFlatStoreIsAnOrdinaryObject(t *testing.T) {
	m := memory.New()
	m.Plant(core.Entry{Key: ignore.File, Kind: core.File}, []byte("x"))
	hides(t, ignore.NewSet(nil, nil, ignore.OfTree(t.Context(), m, "m")), map[string]bool{"x": false})
}

// billed is a hierarchical store that counts requests, as S3 with flat=false is.
type billed struct{ core.Tree }

func (billed) PutCost(core.Entry) core.Requests  { return core.Requests{core.ClassPut: 1} }
func (billed) OpenCost(core.Entry) core.Requests { return core.Requests{core.ClassGet: 1} }
func (billed) DeleteCost(int64) core.Requests    { return core.Requests{} }

func TestAnIgnoreFileWhereReadsAreBilledIsAnOrdinaryObject(t *testing.T) {
	features := memory.All
	features.Flat = false
	m := memory.NewWith(features)
	m.Plant(core.Entry{Key: "a/" + ignore.File, Kind: core.File}, []byte("x"))
	hides(t, ignore.NewSet(nil, nil, ignore.OfTree(t.Context(), billed{m}, "m")), map[string]bool{"a/x": false})
}

func TestStrangeKeysAreNeverLookedUp(t *testing.T) {
	set := setOf(t, t.TempDir(), localfs.KeepLinks)
	want := make(map[string]bool)
	for _, key := range []string{"", "/", "//", "../x", "a/../../x", "a//b", "/abs/x", "a/", ".", "a/\x00/b", strings.Repeat("d/", 2000) + "x"} {
		want[key] = false
	}
	hides(t, set, want)
}

func TestALinkToAFileOfTheTreeIsRead(t *testing.T) {
	for _, links := range []localfs.LinkPolicy{localfs.KeepLinks, localfs.FollowLinks} {
		dir := t.TempDir()
		grow(t, dir, map[string]string{"conf/rules": "x"})
		link(t, dir, ".s3fcignore", "conf/again")
		link(t, dir, "conf/again", "rules")
		link(t, dir, "abs/.s3fcignore", filepath.Join(dir, "conf/rules"))
		hides(t, setOf(t, dir, links), map[string]bool{"x": true, "y": false, "abs/x": true, "abs/y": false})
	}
}

func link(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(text, filepath.Join(dir, name)); err != nil {
		t.Skipf("NOT RUN: no symbolic links here: %v", err)
	}
}

func TestADirectoryLinkHasNoRules(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	grow(t, outside, map[string]string{ignore.File: "*"})
	grow(t, dir, map[string]string{"real/" + ignore.File: "x"})
	link(t, dir, "out", outside)
	link(t, dir, "in", "real")
	hides(t, setOf(t, dir, localfs.KeepLinks), map[string]bool{"out/y": false, "in/x": false, "real/x": true, "real/y": false})
}

func TestADirectoryThatDoesNotExistHasNoRules(t *testing.T) {
	hides(t, setOf(t, filepath.Join(t.TempDir(), "none"), localfs.KeepLinks), map[string]bool{"x": false})
}

// Rules that exist and cannot be read would hide something: they are an error,
// and until it is met everything in their directory is hidden.
func TestRulesThatCannotBeReadAreAnError(t *testing.T) {
	file := func(text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { grow(t, dir, map[string]string{"a/" + ignore.File: text}) }
	}
	linkTo := func(text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			grow(t, dir, map[string]string{"rules": "x", "../rules": "x", "d/x": ""})
			link(t, dir, "a/"+ignore.File, text)
		}
	}
	for name, tt := range map[string]struct {
		make func(t *testing.T, dir string)
		says string
	}{
		"too large":            {file(strings.Repeat("x\n", 1<<20)), "larger than 1048576 bytes"},
		"UTF-16":               {file("\xff\xfes\x00e\x00c\x00r\x00e\x00t\x00"), "UTF-16 text: save it as UTF-8"},
		"UTF-16 big endian":    {file("\xfe\xff\x00x"), "UTF-16 text: save it as UTF-8"},
		"UTF-16 without mark":  {file("x\x00\n\x00"), "NUL bytes"},
		"NUL":                  {file("x\n\x00"), "NUL bytes"},
		"Latin-1":              {file("gr\xfc\xdfe\n"), "not UTF-8 text: save it as UTF-8"},
		"bracket":              {file("*.log\n\n# no\nsecret[1\n"), "line 4, secret[1: the pattern can never match"},
		"empty pattern":        {file("!/\n"), "line 1, !/: the pattern is empty"},
		"link outside":         {linkTo("../../rules"), "outside the tree"},
		"absolute link":        {linkTo("/etc/hostname"), "outside the tree"},
		"link to nothing":      {linkTo("../none"), "link to none, and no file is there"},
		"link to a directory":  {linkTo("../d"), "link to the directory d"},
		"link to the root":     {linkTo(".."), "link to the directory ."},
		"ring":                 {linkTo(ignore.File), "points to itself"},
		"link to an URL":       {linkTo("https://example.org/x"), "URL https://example.org/x"},
		"directory with files": {fileAt("a/" + ignore.File + "/x"), "it is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "tree")
			tt.make(t, dir)
			set := setOf(t, dir, localfs.KeepLinks)
			if !set.Hidden("a/y") && !set.Hidden("a/"+ignore.File+"/x") || set.Hidden("b") {
				t.Errorf("a/y is not hidden, or b is")
			}
			err := set.Err()
			if err == nil || !strings.Contains(err.Error(), "the rules in a/"+ignore.File+" of "+dir+" cannot be read: ") || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Err() = %v, want one that names the file, the tree and %q", err, tt.says)
			}
		})
	}
}

func fileAt(name string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) { grow(t, dir, map[string]string{name: ""}) }
}

func TestASkippedLinkToRulesIsAnError(t *testing.T) {
	dir := t.TempDir()
	grow(t, dir, map[string]string{"rules": "x"})
	link(t, dir, ignore.File, "rules")
	set := setOf(t, dir, localfs.SkipLinks)
	if err := set.Err(); !set.Hidden("y") || set.Err() == nil || !strings.Contains(set.Err().Error(), "leaves links out") {
		t.Errorf("got %v", err)
	}
}

// A tree says "not permitted" of the file itself, or of the directory that it
// would be in.
func TestPermissions(t *testing.T) {
	for _, tt := range []struct {
		name       string
		open, stat error
		fails      bool
	}{
		{"of the file", fs.ErrPermission, nil, true},
		{"of the directory", fs.ErrPermission, fs.ErrPermission, false},
		{"a disk that fails", errors.New("input/output error"), nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			features := memory.All
			features.Flat = false
			set := ignore.NewSet(nil, nil, ignore.OfTree(t.Context(), failing{memory.NewWith(features), tt.open, tt.stat}, "m"))
			if got := set.Hidden("x"); got != tt.fails || (set.Err() != nil) != tt.fails {
				t.Errorf("Hidden = %v, Err = %v; want an error: %v", got, set.Err(), tt.fails)
			}
		})
	}
}

// failing is a tree that fails to open and to stat.
type failing struct {
	core.Tree
	open, stat error
}

func (f failing) Open(_ context.Context, key string) (io.ReadCloser, core.Entry, error) {
	return nil, core.Entry{}, &core.Error{Op: "open", Key: key, Err: f.open}
}

func (f failing) Stat(_ context.Context, key string) (core.Entry, error) {
	return core.Entry{}, &core.Error{Op: "stat", Key: key, Err: f.stat}
}

// listed is a tree whose listing knows of some directories whether they have a file.
type listed struct {
	core.Tree
	has map[string]bool
}

func (l listed) HasName(_ context.Context, dir, name string) (has, known bool) {
	has, known = l.has[dir+"/"+name]
	return has, known
}

func TestAListingThatKnowsSparesTheRequest(t *testing.T) {
	features := memory.All
	features.Flat = false
	m := memory.NewWith(features)
	for _, dir := range []string{"read", "unread", "none"} {
		m.Plant(core.Entry{Key: dir + "/" + ignore.File, Kind: core.File}, []byte("x"))
	}
	tree := listed{m, map[string]bool{"read/" + ignore.File: true, "none/" + ignore.File: false}}
	hides(t, ignore.NewSet(nil, nil, ignore.OfTree(t.Context(), tree, "m")), map[string]bool{"read/x": true, "unread/x": true, "none/x": false})
}
