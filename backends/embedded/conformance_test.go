package embedded_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

// TestConformance gives each check a bucket of its own, all in one store.
func TestConformance(t *testing.T) {
	fresh(t)
	var n atomic.Int64
	conformance.Test(t, func(t testing.TB) core.Backend {
		return mustOpen(t, fmt.Sprintf("embedded://bucket-%d/a/prefix", n.Add(1)))
	})
}
