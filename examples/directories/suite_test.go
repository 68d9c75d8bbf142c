//go:build unix

package directories

import (
	"io"
	"net/url"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/dirstore"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// TestConformanceWithAllHooks runs the cases that plant things in the directory, too.
func TestConformanceWithAllHooks(t *testing.T) {
	long.Only(t)
	conformance.TestStore(t, func(t testing.TB) conformance.Store {
		return dirstore.New(t, func(dir string, create bool) (core.Backend, error) {
			tree, err := Open(t.Context(), &url.URL{Path: dir}, core.Env{Create: create})
			if err == nil {
				t.Cleanup(func() { _ = tree.(io.Closer).Close() })
			}
			return tree, err
		})
	})
}
