package directories

import (
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

// in opens the directory dir; with create, it makes a missing one.
func in(t testing.TB, dir string, create bool) (core.Backend, error) {
	b, err := Open(t.Context(), &url.URL{Scheme: "plaindir", Path: dir}, core.Env{Create: create})
	if err == nil {
		t.Cleanup(func() { b.(io.Closer).Close() })
	}
	return b, err
}

func store(t testing.TB) conformance.Store {
	dir := filepath.Join(t.TempDir(), "tree")
	b, err := in(t, dir, true)
	if err != nil {
		t.Fatal(err)
	}
	return conformance.Store{
		Backend: b,
		Again:   func() (core.Backend, error) { return in(t, dir, false) },
		Missing: func() (core.Tree, error) { return in(t, dir+".missing", false) },
		Newer: func(key, content string) error {
			return os.WriteFile(filepath.Join(dir, key), []byte(content), 0o666)
		},
		LinkIn: func(key, to string) error {
			return os.Symlink(core.Rel(key, to), filepath.Join(dir, key))
		},
	}
}

func TestConformance(t *testing.T) { conformance.TestStore(t, store) }

func TestPair(t *testing.T) {
	conformance.TestPair(t,
		func(t testing.TB) core.Backend { return store(t).Backend },
		func(testing.TB) core.Backend { return memory.New() })
}
