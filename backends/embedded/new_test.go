package embedded_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/backends/embedded"
	"github.com/s3fc/s3fc/core"
)

// TestNewNeedsNoEnvironment opens two stores at once, which one variable could
// not name.
func TestNewNeedsNoEnvironment(t *testing.T) {
	t.Setenv(embedded.DirVariable, "")
	here, there := filepath.Join(t.TempDir(), "here"), filepath.Join(t.TempDir(), "there")
	open := func(dir, prefix string) *embedded.Tree {
		t.Helper()
		tree, err := embedded.New(t.Context(), embedded.Options{Dir: dir, Bucket: "demo", Prefix: prefix, Env: core.Env{Create: true}})
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	a, b := open(here, ""), open(there, "site")
	put(t, a, "site/k", "in here")
	put(t, b, "k", "in there")
	if got := get(t, b, "k"); got != "in there" {
		t.Errorf("got %q, want %q", got, "in there")
	}
	closeTree(t, a)
	closeTree(t, b)
	c := open(here, "site/")
	defer closeTree(t, c)
	if got := get(t, c, "k"); got != "in here" {
		t.Errorf("after a second start: got %q, want %q", got, "in here")
	}
	_, err := embedded.New(t.Context(), embedded.Options{Dir: here, Bucket: "none"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing bucket: %v, want fs.ErrNotExist", err)
	}
}
