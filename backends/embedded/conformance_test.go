package embedded_test

import (
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc/backends/embedded"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/bucketstore"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// TestConformance gives each case a bucket of its own, all in one store.
func TestConformance(t *testing.T) {
	long.Only(t)
	fresh(t)
	var n atomic.Int64
	conformance.TestStore(t, func(t testing.TB) conformance.Store {
		name := fmt.Sprintf("bucket-%d", n.Add(1))
		tree, ok := mustOpen(t, "embedded://"+name+"/a/prefix").(*embedded.Tree)
		if !ok {
			t.Fatal("Open returned no *embedded.Tree")
		}
		bucket := bucketstore.Bucket{Client: tree.Client(), Name: name, Prefix: "a/prefix/"}
		store, err := bucket.Hooks(t.Context(), conformance.Store{
			Backend: tree,
			Again:   func() (core.Backend, error) { return mustOpen(t, "embedded://"+name+"/a/prefix"), nil },
			Missing: func() (core.Tree, error) { return missing(t, name+"-missing") },
		})
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}

// missing opens a bucket that is not there.
func missing(t testing.TB, name string) (core.Tree, error) {
	b, err := open(t, "embedded://"+name, core.Env{})
	if c, ok := b.(io.Closer); ok && err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return b, err
}
