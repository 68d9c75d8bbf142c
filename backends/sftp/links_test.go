//go:build unix

package sftp

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// grow makes files, and links as "name -> text", below dir.
func grow(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		name, text, isLink := strings.Cut(name, " -> ")
		p := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(p), 0o777)
		if isLink {
			err = errors.Join(err, os.Symlink(text, p))
		} else {
			err = errors.Join(err, os.WriteFile(p, []byte(name), 0o666))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// shown lists a tree as text: key, "key -> target", or "key!".
func shown(t *testing.T, tree core.Tree) (out []string) {
	t.Helper()
	for _, e := range all(t, tree) {
		switch e.Kind {
		case core.File:
			out = append(out, e.Key)
		case core.Link:
			out = append(out, e.Key+" -> "+e.Target.String())
		default:
			out = append(out, e.Key+"!")
		}
	}
	return out
}

func TestLinksAreThoseOfADirectory(t *testing.T) {
	s, tree, dir := newTree(t)
	grow(t, dir, "d/f", "f", "l -> f", "dl -> d", "through -> dl/f", "abs -> "+dir+"/d", "out -> /etc/hostname", "up -> ..", "ring -> gnir", "gnir -> ring", "dang -> none", "chain -> l")
	grow(t, filepath.Dir(dir), "alias -> "+filepath.Base(dir))
	grow(t, dir, "back -> ../alias/d/f")
	want := []string{"abs -> d/", "back -> d/f", "chain -> l", "d/f", "dang -> none", "dl -> d/", "f", "gnir!", "l -> f", "out!", "ring!", "through -> d/f", "up!"}
	if got := shown(t, tree); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	again, err := s.open(t, filepath.Join(filepath.Dir(dir), "alias"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(t, again); !slices.Equal(got, want) {
		t.Errorf("by another spelling: got %q", got)
	}
}

func TestLinksFollowed(t *testing.T) {
	s, _, dir := newTree(t)
	base := t.TempDir()
	own(t, base)
	grow(t, base, "outside/x", "outside/y/z", "outside/home -> "+dir, "one")
	grow(t, dir, "f", "lf -> f", "d/x", "ld -> d", "lo -> "+base+"/outside", "l1 -> "+base+"/one", "dangling -> nowhere", "self -> self", "d/up -> ..", "d/e/tox -> ../x")
	tree, err := s.open(t, dir, Options{Links: kit.FollowLinks})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"d/e/tox", "d/up!", "d/x", "dangling!", "f", "l1", "ld/e/tox", "ld/up!", "ld/x", "lf", "lo/home!", "lo/x", "lo/y/z", "self!"}
	if got := shown(t, tree); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for key, content := range map[string]string{"lf": "f", "lo/y/z": "outside/y/z", "l1": "one", "ld/e/tox": "d/x"} {
		e, err := tree.Stat(t.Context(), key)
		if err != nil || e.Kind != core.File || e.Size != int64(len(content)) {
			t.Errorf("%s: %+v, %v", key, e, err)
		}
	}
	if _, err := tree.Put(t.Context(), fileOf("lo/new", "x"), strings.NewReader("x"), nil); !errors.Is(err, core.ErrConflict) {
		t.Errorf("a put behind a link: %v", err)
	}
	e, err := tree.Stat(t.Context(), "lo/x")
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Delete(t.Context(), e); !errors.Is(err, core.ErrConflict) {
		t.Errorf("a delete behind a link: %v", err)
	}
	if _, err := os.Stat(filepath.Join(base, "outside/x")); err != nil {
		t.Error(err)
	}
	for e := range tree.ListDirs(t.Context(), "") { //nolint:errcheck // The entries tell.
		if d, ok := e.Directory(); ok && (strings.HasPrefix(d, "lo") || strings.HasPrefix(d, "ld")) {
			t.Errorf("%s is listed as a directory of the tree", d)
		}
	}
}

func TestLinksSkippedAreProtected(t *testing.T) {
	s, _, dir := newTree(t)
	grow(t, dir, "f", "l -> f", "out -> /etc")
	tree, err := s.open(t, dir, Options{Links: kit.SkipLinks})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all(t, tree) {
		if (e.Key == "f") != (e.Kind == core.File) || e.Kind == core.Other && !errors.Is(e.Problem, core.ErrExcluded) {
			t.Errorf("got %+v", e)
		}
	}
}
