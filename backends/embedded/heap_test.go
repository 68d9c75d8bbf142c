package embedded_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// watchHeap returns by how many bytes the heap that is in use grew at most
// while f ran, collected before each look.
func watchHeap(ctx context.Context, f func()) uint64 {
	base := liveHeap()
	ctx, stop := context.WithCancel(ctx)
	peak := make(chan uint64)
	go func() {
		most := base
		for ctx.Err() == nil {
			most = max(most, liveHeap())
			time.Sleep(50 * time.Millisecond)
		}
		peak <- most - base
	}()
	f()
	stop()
	return <-peak
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
