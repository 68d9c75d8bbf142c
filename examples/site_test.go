// Package examples holds the examples, and the tests that they are whole.
package examples

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var reference = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// Every reference in the example site must lead somewhere, through its links:
// a visitor of the deployed site follows the same ones.
func TestSiteIsWhole(t *testing.T) {
	pages := 0
	err := fs.WalkDir(os.DirFS("site"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path.Ext(name) != ".html" {
			return err
		}
		pages++
		page, err := os.ReadFile(filepath.Join("site", name))
		for _, m := range reference.FindAllStringSubmatch(string(page), -1) {
			checkReference(t, name, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if pages < 5 {
		t.Errorf("the site has %d pages, want at least 5", pages)
	}
}

func checkReference(t *testing.T, page, ref string) {
	t.Helper()
	to := path.Join("site", path.Dir(page), ref)
	if strings.HasPrefix(ref, "/") {
		to = path.Join("site", ref)
	}
	info, err := os.Stat(to)
	if err == nil && info.IsDir() {
		_, err = os.Stat(path.Join(to, "index.html"))
	}
	if err != nil {
		t.Errorf("%s refers to %q: %v", page, ref, err)
	}
}

// What the README's first command shows off must be there as links, also after
// a checkout that could have made files of them.
func TestSiteHasLinks(t *testing.T) {
	for name, want := range map[string]string{
		"latest":                 "v2",
		"stable":                 "latest",
		"index-link":             "index.html",
		"whatsnew.html":          "news.html",
		"v2/style.css":           "../style.css",
		"download/tidewater.txt": "tidewater-2.1.txt",
	} {
		got, err := os.Readlink(filepath.Join("site", filepath.FromSlash(name)))
		if err != nil || filepath.ToSlash(got) != want {
			t.Errorf("site/%s: got a link to %q, %v, want one to %q", name, got, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join("site", "v2", "für-anfänger.html")); err != nil {
		t.Errorf("the page whose name is not ASCII: %v", err)
	}
}
