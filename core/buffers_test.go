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

func TestBuffersLendAheadNoMoreThanHalfAndOnlyAtOnce(t *testing.T) {
	b := NewBuffers(32 << 10)
	one, two := b.GetAhead(8<<10), b.GetAhead(8<<10)
	if len(one) != 8<<10 || len(two) != 8<<10 {
		t.Fatalf("%d and %d bytes were lent ahead, want 8 KiB each", len(one), len(two))
	}
	if b.GetAhead(1) != nil {
		t.Error("more than half was lent ahead")
	}
	b.PutAhead(two)
	all, err := b.Get(t.Context(), 16<<10)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := b.Get(t.Context(), 8<<10)
	if err != nil {
		t.Fatal(err)
	}
	if b.GetAhead(1) != nil {
		t.Error("more than there is was lent ahead")
	}
	b.PutAhead(one)
	b.Put(all)
	b.Put(rest)
	if b.used != 0 || b.ahead != 0 {
		t.Errorf("%d bytes are said to be lent, %d of them ahead, and all came back", b.used, b.ahead)
	}
}

func TestGetNeverWaitsForBuffersLentAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which ends if all wait
		b := NewBuffers(32 << 10)
		held := [][]byte{b.GetAhead(8 << 10), b.GetAhead(8 << 10)}
		for _, n := range []int{16 << 10, 32 << 10, 64 << 10} { // within, all, and more than the budget
			buf, err := b.Get(t.Context(), n)
			if err != nil || len(buf) != n {
				t.Fatal(len(buf), err)
			}
			b.Put(buf)
		}
		for _, buf := range held {
			b.PutAhead(buf)
		}
	})
}

func TestWhoWaitsIsServedBeforeAnybodyFetchesAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBuffers(32 << 10)
		first, _ := b.Get(t.Context(), 16<<10)
		done := make(chan []byte)
		go func() {
			buf, _ := b.Get(t.Context(), 32<<10)
			done <- buf
		}()
		synctest.Wait()
		if b.GetAhead(4<<10) != nil {
			t.Error("lent ahead while somebody waits")
		}
		b.Put(first)
		b.Put(<-done)
		if buf := b.GetAhead(4 << 10); buf == nil {
			t.Error("nothing was lent ahead when nobody waited any more")
		}
	})
}

// TestNilBuffersAreBounded waits for memory that another nil Buffers has lent: an
// Env that sets none still does not take any amount.
func TestNilBuffersAreBounded(t *testing.T) {
	var a, b *Buffers
	all, err := a.Get(t.Context(), DefaultBuffers)
	if err != nil {
		t.Fatal(err)
	}
	if b.GetAhead(1) != nil {
		t.Error("lent ahead beyond the budget")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Get(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Get beyond the budget: %v, want that it waits", err)
	}
	a.Put(all)
	one, err := b.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	b.Put(one)
}
