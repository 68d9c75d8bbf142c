package faults

import (
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/versitygw"
)

// stores are those that every other is copied to and from.
func stores(t *testing.T) map[string]conformance.Open {
	a := newArena(t)
	var mu sync.Mutex
	opaque := memory.All
	opaque.Flat = false
	return map[string]conformance.Open{
		"memory": func(testing.TB) core.Backend { return memory.New() },
		"opaque": func(testing.TB) core.Backend { return memory.NewOpaque(opaque) },
		"localfs": func(t testing.TB) core.Backend {
			tree, err := localfs.New(t.TempDir(), localfs.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = tree.Close() })
			return tree
		},
		"s3": func(t testing.TB) core.Backend {
			mu.Lock()
			defer mu.Unlock()
			return a.open(t, a.bucket(), false)
		},
	}
}

func TestFaultsBetweenAllStores(t *testing.T) {
	all := stores(t)
	for from, a := range all {
		for to, b := range all {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				conformance.TestFaults(t, a, b)
			})
		}
	}
}

func TestFaultsOnVersitygw(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a server of its own")
	}
	g := versitygw.Start(t)
	gateway := func(t testing.TB) core.Backend { return onGateway(t, g) }
	local := stores(t)["localfs"]
	t.Run("to", func(t *testing.T) { conformance.TestFaults(t, local, gateway) })
	t.Run("from", func(t *testing.T) { conformance.TestFaults(t, gateway, local) })
}
