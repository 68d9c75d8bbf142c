//go:build unix

package localfs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVar) != "" {
		os.Exit(runChild())
	}
	goleak.VerifyTestMain(m)
}

// open returns the tree in dir.
func open(t testing.TB, dir string, o Options) *Tree {
	t.Helper()
	tr, err := New(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

// newTree returns a tree in a new directory, and the directory.
func newTree(t testing.TB) (*Tree, string) {
	t.Helper()
	dir := t.TempDir()
	return open(t, dir, Options{}), dir
}

// write makes files, directories (a name that ends in a slash) and links (a
// name, " -> ", and the text) below dir.
func write(t testing.TB, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := writeOne(dir, name); err != nil {
			t.Fatal(err)
		}
	}
}

func writeOne(dir, name string) error {
	name, text, isLink := strings.Cut(name, " -> ")
	p := filepath.Join(dir, name)
	if strings.HasSuffix(name, "/") {
		return os.MkdirAll(p, 0o777)
	}
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		return err
	}
	if isLink {
		return os.Symlink(text, p)
	}
	return os.WriteFile(p, []byte(name), 0o666)
}

// list returns every entry, and fails on an error.
func list(t testing.TB, tr *Tree) []core.Entry {
	t.Helper()
	var out []core.Entry
	for e, err := range tr.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// shown lists a tree as text: key, "key -> target", or "key! problem".
func shown(t testing.TB, tr *Tree) []string {
	t.Helper()
	var out []string
	for _, e := range list(t, tr) {
		switch e.Kind {
		case core.File:
			out = append(out, e.Key)
		case core.Link:
			out = append(out, e.Key+" -> "+e.Target.Key)
		default:
			out = append(out, e.Key+"!")
		}
	}
	return out
}

// onDisk returns everything below dir as write takes it; directories only if
// they are empty.
func onDisk(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		switch {
		case d.Type()&os.ModeSymlink != 0:
			text, err := os.Readlink(p)
			out = append(out, rel+" -> "+text)
			return err
		case !d.IsDir():
			out = append(out, rel)
			return nil
		}
		in, err := os.ReadDir(p)
		if len(in) == 0 {
			out = append(out, rel+"/")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s\n got %q\nwant %q", what, got, want)
	}
}

func isErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want one that is %v", what, err, want)
	}
}

func file(key, content string) core.Entry {
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content))}
}

func link(key, target string) core.Entry {
	return core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: target}}
}

// putFile puts a file as new or in place of old.
func putFile(t testing.TB, tr *Tree, key, content string, old *core.Entry) core.Entry {
	t.Helper()
	e, err := tr.Put(t.Context(), file(key, content), strings.NewReader(content), old)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func putLink(t testing.TB, tr *Tree, key, target string, old *core.Entry) core.Entry {
	t.Helper()
	e, err := tr.Put(t.Context(), link(key, target), nil, old)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func stat(t testing.TB, tr *Tree, key string) core.Entry {
	t.Helper()
	e, err := tr.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// content reads a file of the tree.
func contentOf(t testing.TB, tr *Tree, key string) string {
	t.Helper()
	r, _, err := tr.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readFile(t testing.TB, p string) string {
	t.Helper()
	b, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func itemOf(name string) *kit.Item[struct{}] { return &kit.Item[struct{}]{Name: name} }
