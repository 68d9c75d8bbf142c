package backend

import (
	"io"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

// in opens the file called name; with create, it makes a missing one.
func in(t testing.TB, name string, create bool) (core.Backend, error) {
	b, err := Open(t.Context(), &url.URL{Scheme: "jsonfile", Path: name}, core.Env{Create: create})
	if err == nil {
		t.Cleanup(func() { b.(io.Closer).Close() })
	}
	return b, err
}

func store(t testing.TB) conformance.Store {
	dir := t.TempDir()
	b, err := in(t, filepath.Join(dir, "tree.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	return conformance.Store{
		Backend: b,
		Missing: func() (core.Tree, error) { return in(t, filepath.Join(dir, "missing.json"), false) },
	}
}

func TestConformance(t *testing.T) { conformance.TestStore(t, store) }

func TestPair(t *testing.T) {
	conformance.TestPair(t,
		func(t testing.TB) core.Backend { return store(t).Backend },
		func(testing.TB) core.Backend { return memory.New() })
}
