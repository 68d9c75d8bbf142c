//go:build unix

package localfs

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestOpenURLs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "file", "sp ace/")
	u := func(query string) string { return "file://" + dir + query }
	tests := []struct {
		url  string
		want string // in the error; empty for none
	}{
		{u(""), ""}, {u("?links=keep"), ""}, {u("?links=follow"), ""}, {u("?links=skip"), ""}, {"file://localhost" + dir, ""},
		{u("/sp%20ace"), ""},
		{u("?links=maybe"), "keep, follow or skip"},
		{u("?region=x"), `unknown parameter "region"`},
		{"file://host/dir", "no host"},
		{"file:rel", "absolute path"}, {"file://", "absolute path"},
		{u("/a%00b"), "NUL"},
		{u("/file"), "names one file; give the directory " + dir},
		{u("/missing"), "no such file"},
	}
	for _, tt := range tests {
		parsed, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Open(t.Context(), parsed, core.Env{})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got error %v, want %q", tt.url, err, tt.want)
		}
		if c, ok := b.(*Tree); ok {
			_ = c.Close()
		}
	}
}

func TestOpenTakesLinksFromTheEnvironment(t *testing.T) {
	u := &url.URL{Scheme: schemeName, Path: t.TempDir()}
	b, err := Open(t.Context(), u, core.Env{Options: url.Values{"links": {"skip"}, "region": {"ours to ignore"}}})
	if err != nil {
		t.Fatal(err)
	}
	tr, ok := b.(*Tree)
	if !ok || tr.dirs.links != SkipLinks {
		t.Errorf("got %+v", b)
	}
	_ = tr.Close()
}

func TestURLPathOnWindows(t *testing.T) {
	for in, want := range map[string]string{"/C:/x": "C:/x", "C:/x": "C:/x", "//server/share": "//server/share"} {
		got, err := urlPath(&url.URL{Scheme: schemeName, Path: in}, "windows")
		if err != nil || filepath.ToSlash(got) != want {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestAMissingRootIsAnErrorUnlessItMayBeMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a/b")
	_, err := New(dir, Options{})
	isErr(t, "New", err, fs.ErrNotExist)

	tr := open(t, dir, Options{Create: true})
	equal(t, "list", shown(t, tr), nil)
	_, err = tr.Stat(t.Context(), "x")
	isErr(t, "Stat", err, fs.ErrNotExist)
	_, _, err = tr.Open(t.Context(), "x")
	isErr(t, "Open", err, fs.ErrNotExist)
	if err := tr.Delete(t.Context(), file("x", "")); err != nil {
		t.Error(err)
	}
	if _, err := tr.Finish(t.Context(), core.Done{Deletes: true}); err != nil {
		t.Error(err)
	}
	_, err = tr.Put(t.Context(), file("../x", "x"), strings.NewReader("x"), nil)
	isErr(t, "a refused Put", err, core.ErrUnsupportedKey)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading made the directory: %v", err)
	}

	putFile(t, tr, "x", "hello", nil)
	equal(t, "list", shown(t, tr), []string{"x"})
}

func TestARootThatAppearsIsSeen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	tr := open(t, dir, Options{Create: true})
	write(t, dir, "x")
	equal(t, "list", shown(t, tr), []string{"x"})
}

func TestErrorsNameTheKeyOnceAndTheCause(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "a")
	_, err := tr.Put(t.Context(), file("a/b", "x"), strings.NewReader("x"), nil)
	if got, want := err.Error(), "file: put a/b: conflict: a is a file, so nothing can be below it"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = tr.Stat(t.Context(), "no")
	if got := err.Error(); !strings.HasPrefix(got, "file: stat no: ") || strings.Count(got, "no") > 2 {
		t.Errorf("got %q", got)
	}
}
