package faults

import (
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/cachetest"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// stores are those that every other is copied to and from.
func stores(t *testing.T, w way) map[string]conformance.Open {
	a := newArena(t, w)
	var mu sync.Mutex
	opaque := memory.All
	opaque.Flat = false
	all := map[string]conformance.Open{
		"memory":  func(testing.TB) core.Backend { return memory.New() },
		"opaque":  func(testing.TB) core.Backend { return memory.NewOpaque(opaque) },
		"localfs": func(t testing.TB) core.Backend { return openDir(t, t.TempDir()) },
		"s3": func(t testing.TB) core.Backend {
			mu.Lock()
			defer mu.Unlock()
			return a.open(t, a.bucket(), false)
		},
	}
	if w.on {
		for name, open := range all {
			all[name] = cachetest.Remembering(open)
		}
	}
	return all
}

func TestFaultsBetweenAllStores(t *testing.T) {
	for _, way := range ways {
		all := stores(t, way)
		for from, a := range all {
			for to, b := range all {
				t.Run(from+" to "+to+", "+way.name, func(t *testing.T) {
					if way.on || from == to || from == "s3" || from == "memory" || to == "memory" || from == "opaque" || to == "opaque" {
						long.Only(t)
					}
					t.Parallel()
					conformance.TestFaults(t, a, b)
				})
			}
		}
	}
}

func TestFaultsOnVersitygw(t *testing.T) {
	long.Only(t)
	g := versitygw.Start(t)
	gateway := func(t testing.TB) core.Backend { return onGateway(t, g) }
	local := stores(t, ways[0])["localfs"]
	t.Run("to", func(t *testing.T) { conformance.TestFaults(t, local, gateway) })
	t.Run("from", func(t *testing.T) {
		conformance.TestFaults(t, cachetest.Remembering(gateway), cachetest.Remembering(local))
	})
}
