package core

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestBuffersNeverLendMoreThanTheBudget(t *testing.T) {
	b := NewBuffers(64 << 10)
	var out, peak atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			buf, err := b.Get(t.Context(), 1+i*97%(16<<10))
			if err != nil {
				t.Error(err)
				return
			}
			n := out.Add(int64(cap(buf)))
			for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
			}
			out.Add(-int64(cap(buf)))
			b.Put(buf)
		})
	}
	wg.Wait()
	if peak.Load() > 64<<10 {
		t.Errorf("%d bytes were lent", peak.Load())
	}
	if b.used != 0 {
		t.Errorf("%d bytes were not given back", b.used)
	}
	if b.idle > b.limit {
		t.Errorf("%d bytes are idle", b.idle)
	}
}

func TestBuffersLendMoreThanTheBudgetOnlyAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBuffers(8 << 10)
		big, err := b.Get(t.Context(), 100<<10)
		if err != nil || len(big) != 100<<10 {
			t.Fatal(len(big), err)
		}
		var got atomic.Bool
		go func() {
			buf, _ := b.Get(t.Context(), 1)
			got.Store(true)
			b.Put(buf)
		}()
		synctest.Wait()
		if got.Load() {
			t.Error("lent beside a buffer that takes the whole budget")
		}
		b.Put(big)
		synctest.Wait()
		if !got.Load() {
			t.Error("not lent after the buffer came back")
		}
	})
}

func TestBuffersGiveUpWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBuffers(4 << 10)
		first, _ := b.Get(t.Context(), 4<<10)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := b.Get(ctx, 1)
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		b.Put(first)
		if _, err := b.Get(t.Context(), 4<<10); err != nil || b.used != 4<<10 {
			t.Error("the one that gave up still holds something", err, b.used)
		}
	})
}
