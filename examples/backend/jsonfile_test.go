package backend

import (
	"net/url"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

func open(t testing.TB) core.Backend {
	u := &url.URL{Scheme: "jsonfile", Path: filepath.Join(t.TempDir(), "tree.json")}
	b, err := Open(t.Context(), u, core.Env{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) { conformance.Test(t, open) }
