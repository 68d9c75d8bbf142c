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

func open(t testing.TB) core.Backend {
	u := &url.URL{Scheme: "jsonfile", Path: filepath.Join(t.TempDir(), "tree.json")}
	b, err := Open(t.Context(), u, core.Env{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.(io.Closer).Close() })
	return b
}

func TestConformance(t *testing.T) { conformance.Test(t, open) }

func TestPair(t *testing.T) {
	conformance.TestPair(t, open, func(testing.TB) core.Backend { return memory.New() })
}
