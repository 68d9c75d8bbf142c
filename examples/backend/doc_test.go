package backend

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestPageIsThisPackage checks that the page shows the files of this package, cut into
// sections, and no other code: code that is copied from it is compiled and tested.
func TestPageIsThisPackage(t *testing.T) {
	page := read(t, "../../docs/backend.md")
	var shown strings.Builder
	for i, section := range strings.Split(page, "```go\n") {
		code, _, closed := strings.Cut(section, "```\n")
		if i > 0 && closed {
			shown.WriteString(code)
		}
	}
	want := squeeze(read(t, "jsonfile.go") + read(t, "jsonfile_test.go"))
	if got := squeeze(shown.String()); got != want {
		t.Errorf("docs/backend.md shows other code than jsonfile.go and jsonfile_test.go.\nshown:\n%s\nwant:\n%s", got, want)
	}
}

// TestSize checks the promise of the README and the page: at most 130 lines of code,
// imports aside.
func TestSize(t *testing.T) {
	_, code, _ := strings.Cut(read(t, "jsonfile.go"), "\n)\n")
	n := 0
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	if n < 50 || n > 130 {
		t.Errorf("jsonfile.go has %d lines of code, want 50 to 130", n)
	}
}

// TestReopen checks that the tree is in the file, not only in memory, and that a line
// that was cut short is a change that never happened.
func TestReopen(t *testing.T) {
	u := &url.URL{Scheme: "jsonfile", Path: filepath.Join(t.TempDir(), "tree.json")}
	if _, err := Open(t.Context(), u, core.Env{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening a missing file: got %v, want fs.ErrNotExist", err)
	}
	want := put(t, reopen(t, u, core.Env{Create: true}), "a/é", "\x00\xff\n{", nil)
	gone := put(t, reopen(t, u, core.Env{}), "gone", "x", nil)
	if err := reopen(t, u, core.Env{}).Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	cutShort(t, u.Path)
	second := put(t, reopen(t, u, core.Env{}), "b", "", nil)
	var got []core.Entry
	for e, err := range reopen(t, u, core.Env{}).List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 2 || got[0] != want || got[1] != second {
		t.Errorf("after opening again: got %+v, want %+v and %+v", got, want, second)
	}
}

func reopen(t *testing.T, u *url.URL, env core.Env) core.Backend {
	t.Helper()
	b, err := Open(t.Context(), u, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.(io.Closer).Close() })
	return b
}

func put(t *testing.T, b core.Backend, key, content string, old *core.Entry) core.Entry {
	t.Helper()
	e, err := b.Put(t.Context(), core.Entry{Key: key, Kind: core.File, Size: int64(len(content))}, strings.NewReader(content), old)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// cutShort writes half a line, as happens when the disk is full.
func cutShort(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("\n" + `{"Entry":{"key":"torn","kind":"fi`)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestCancelledPut checks that a Put whose context ended changes nothing.
func TestCancelledPut(t *testing.T) {
	b := store(t).Backend
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Put(ctx, core.Entry{Key: "a", Kind: core.File}, strings.NewReader(""), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := b.Stat(t.Context(), "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a cancelled Put left something: %v", err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// squeeze drops blank lines, of which the page has others.
func squeeze(s string) string {
	var out strings.Builder
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) != "" {
			out.WriteString(line)
		}
	}
	return out.String()
}
