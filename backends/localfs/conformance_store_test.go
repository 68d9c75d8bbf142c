//go:build unix

package localfs_test

import (
	"testing"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/dirstore"
)

// TestConformance runs the suite with all hooks: strangers' objects are planted in
// the directory, and other backends open it.
func TestConformance(t *testing.T) {
	conformance.TestStore(t, func(t testing.TB) conformance.Store {
		return dirstore.New(t, func(dir string, create bool) (core.Backend, error) {
			tree, err := localfs.New(dir, localfs.Options{Create: create})
			if err == nil {
				t.Cleanup(func() { _ = tree.Close() })
			}
			return tree, err
		})
	})
}
