//go:build unix

package localfs_test

import (
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/dirstore"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// testStore runs the suite with all hooks: strangers' objects are planted in the
// directory, and other backends open it. Cases that wait for the settle time wait for
// a shorter one, but where the longer tests run.
func testStore(t *testing.T, links localfs.LinkPolicy) {
	settle := 500 * time.Millisecond
	if long.Enabled() {
		settle = 0 // the default
	}
	conformance.TestStore(t, func(t testing.TB) conformance.Store {
		return dirstore.New(t, func(dir string, create bool) (core.Backend, error) {
			tree, err := localfs.New(dir, localfs.Options{Create: create, Links: links, SettleTime: settle})
			if err == nil {
				t.Cleanup(func() { _ = tree.Close() })
			}
			return tree, err
		})
	})
}

func TestConformance(t *testing.T) { testStore(t, localfs.KeepLinks) }

// TestConformanceWithoutLinks checks that no link of a stranger is followed where
// links are not declared either.
func TestConformanceWithoutLinks(t *testing.T) {
	long.Only(t)
	testStore(t, localfs.SkipLinks)
}
