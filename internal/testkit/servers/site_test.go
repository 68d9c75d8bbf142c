package servers_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// A site is a directory. Its methods panic with an error that only a broken
// machine causes.
type site string

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (s site) path(name string) string { return filepath.Join(string(s), filepath.FromSlash(name)) }

// write writes a file over whatever is there.
func (s site) write(name, content string) {
	path := s.path(name)
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	must(os.RemoveAll(path))
	must(os.WriteFile(path, []byte(content), 0o644))
}

// link writes a symbolic link over whatever is there.
func (s site) link(name, text string) {
	path := s.path(name)
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	must(os.RemoveAll(path))
	must(os.Symlink(text, path))
}

func (s site) read(name string) string {
	b, err := os.ReadFile(s.path(name))
	must(err)
	return string(b)
}

func (s site) remove(name string) { must(os.RemoveAll(s.path(name))) }

// snapshot returns the md5 of each file and the text of each link.
func (s site) snapshot() map[string]string {
	got := map[string]string{}
	must(filepath.WalkDir(string(s), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(string(s), path)
		if d.Type()&fs.ModeSymlink != 0 {
			text, err := os.Readlink(path)
			got[name] = "a link to " + text
			return err
		}
		b, err := os.ReadFile(path)
		got[name] = fmt.Sprintf("a file of %d bytes, md5 %s", len(b), core.SumMD5(b))
		return err
	}))
	return got
}

// differs says how another site differs from s; nil if it doesn't.
func (s site) differs(other site) error {
	want, got := s.snapshot(), other.snapshot()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			all = append(all, fmt.Sprintf("%q came back as %q, not %q", name, got[name], want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			all = append(all, fmt.Sprintf("%q came back", name))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d differ: %s", len(all), len(want), strings.Join(all, "; "))
}

// files writes files of several sizes, whose names sort differently as keys and
// as paths.
func (s site) files() {
	s.write("index.html", "<!doctype html><title>Site</title>")
	s.write("empty", "")
	for i, name := range []string{"a-b", "a.txt", "a/1", "a0", "docs/v1/index.html", "docs/v1/api/index.html", "docs/v2/index.html"} {
		s.write(name, strings.Repeat(name+"\n", 1+500*i))
	}
}

// links adds links of each kind to the files.
func (s site) links() {
	s.link("latest", "docs/v2")              // to a directory
	s.link("start.html", "index.html")       // to a file
	s.link("chain", "start.html")            // to a link
	s.link("docs/v1/up.html", "../../a.txt") // upwards
	s.link("later", "not/yet/there")         // to nothing
}

// odd are parts of names besides letters; each is reserved somewhere between a file
// name and an object: in URLs, signatures, XML or shells.
var odd = []string{" ", "  ", "+", "%", "%2F", "%20", "#", "?", "?x=1", "&", "&amp;", "=", ";", ":", "@", ",", "$", "!", "'", "(", ")", "*", "~", "[", "]",
	"{", "}", "^", "`", "|", "\\", "<", ">", "\"", "é", "e\u0301", "日本", "😀", ".", "..."}

// oddFiles writes a file with each odd name, and one that ends in it.
func (s site) oddFiles() {
	for _, o := range odd {
		s.write("odd/x"+o+"y", "in "+o)
		s.write("end/x"+o, "end "+o)
	}
}

// oddLinks adds a link to each odd file.
func (s site) oddLinks() {
	for _, o := range odd {
		s.link("links/to"+o+"it", "../odd/x"+o+"y")
	}
}

// large writes a file that is uploaded in parts.
func (s site) large(name string) {
	b := make([]byte, 20<<20+1)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	s.write(name, string(b))
}
