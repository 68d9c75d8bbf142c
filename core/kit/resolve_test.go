package kit

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// disk is a file system: by path without the first slash, the text of a link,
// "/" for a directory, or "" for a file. root is the tree's path in it.
type disk struct {
	root   string
	things map[string]string
	broken string // a path that fails
}

var errBroken = errors.New("input/output error")

func (d disk) lstat(path string) (fs.FileMode, error) {
	text, ok := d.things[path]
	switch {
	case path == d.broken && path != "":
		return 0, errBroken
	case !ok:
		return 0, fs.ErrNotExist
	case text == "/":
		return fs.ModeDir, nil
	case text == "":
		return 0, nil
	}
	return fs.ModeSymlink, nil
}

// tree is the disk below its root.
type tree struct{ disk }

func (d tree) Lstat(key string) (fs.FileMode, error) { return d.lstat(d.root + "/" + key) }

func (d tree) Readlink(key string) (string, error) {
	if mode, err := d.Lstat(key); err != nil || mode&fs.ModeSymlink == 0 {
		return "", fs.ErrInvalid
	}
	return d.things[d.root+"/"+key], nil
}

// world is the whole disk.
type world struct{ disk }

func (d world) Lstat(path string) (fs.FileMode, bool, error) {
	mode, err := d.lstat(path[1:])
	return mode, path == "/"+d.root, err
}

func (d world) Readlink(path string) (string, error) { return d.things[path[1:]], nil }

var aDisk = disk{root: "srv/site", broken: "srv/site/broken", things: map[string]string{
	"srv": "/", "srv/site": "/", "srv/site/d": "/", "srv/site/d/f": "", "srv/site/f": "", "srv/site/broken": "",
	"srv/site/dl": "d", "srv/site/ring": "ring2", "srv/site/ring2": "ring", "srv/site/out": "/etc", "srv/site/toout": "out",
	"srv/current": "site", "etc": "/", "etc/site": "../srv/current", "etc/f": "",
}}

func TestTargets(t *testing.T) {
	const outside = "outside the tree"
	for _, tt := range []struct {
		key, text string
		alone     string // as Root alone tells; a refusal has a space
		world     string // as the whole file system tells, if that is more
	}{
		{"l", "f", "f", ""},
		{"d/l", "../f", "f", ""},
		{"l", "dl/f", "d/f", ""},
		{"l", "dl/../f", "f", ""},
		{"l", "dl", "dl", ""},
		{"l", "none/../f", "f", ""},
		{"l", "d", "d/", ""},
		{"l", ".", ".", ""},
		{"l", "/srv/site/d/f", "d/f", ""},
		{"l", "/srv/site", ".", ""},
		{"d/l", "../../site/f", "f", ""},
		{"l", "/", outside, ""},
		{"l", "../..", outside, ""},
		{"l", "../../../../..", outside, ""},
		{"l", "/etc/f", outside, ""},
		{"l", "/srv/current/f", outside, "f"},
		{"l", "../current", outside, "."},
		{"l", "/etc/site/dl/f", outside, "d/f"},
		{"l", "/etc/none/../../srv/site/f", outside, ""},
		{"l", "toout", "toout", ""},
		{"l", "ring", "ring of links", ""},
		{"l", "l", "points to itself", ""},
		{"l", "../site/l/x", "through itself", ""},
		{"l", "", "no text", ""},
		{"l", "https://example.org/", "the URL", ""},
		{"l", "bad\n", "cannot be a key", ""},
		{"l", "broken", "input/output error", ""},
		{"l", "broken/x", "input/output error", ""},
	} {
		for i, r := range []Resolver{{Tree: tree{aDisk}, Root: "/srv/site"}, {Tree: tree{aDisk}, Root: "/srv/site", World: world{aDisk}}} {
			want := tt.alone
			if i == 1 && tt.world != "" {
				want = tt.world
			}
			got, err := r.Target(tt.key, tt.text)
			if err == nil && got.String() != want || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s -> %s, with the world %v: got %v, %v; want %s", tt.key, tt.text, i == 1, got, err, want)
			}
			if err != nil && errors.Is(err, core.ErrUnsupportedLink) == errors.Is(err, errBroken) {
				t.Errorf("%s -> %s: %v is a refusal if nothing failed", tt.key, tt.text, err)
			}
		}
	}
}

func TestWithoutARootAbsoluteTextsLeaveTheTree(t *testing.T) {
	r := Resolver{Tree: tree{aDisk}}
	for _, text := range []string{"/", "/f", "/srv/site/f", "..", "../site/f", "d/../../f"} {
		if got, err := r.Target("l", text); !errors.Is(err, core.ErrUnsupportedLink) {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	if got, err := r.Target("d/l", "../f"); err != nil || got.Key != "f" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestATreeMayBeTheWholeFileSystem(t *testing.T) {
	whole := disk{things: map[string]string{"/etc": "/", "/etc/f": ""}}
	r := Resolver{Tree: tree{whole}, Root: "/"}
	for text, want := range map[string]string{"/etc/f": "etc/f", "../../etc": "etc/", "/": ".", "..": "."} {
		if got, err := r.Target("l", text); err != nil || got.String() != want {
			t.Errorf("%s: got %v, %v; want %s", text, got, err, want)
		}
	}
}
