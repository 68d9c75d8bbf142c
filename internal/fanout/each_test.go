package fanout

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

// Each keeps to the number that atOnce returns by then, and reaches it.
func TestEachCallsSoManyAtOnce(t *testing.T) {
	for _, limit := range []int{-1, 0, 1, 3, 100} {
		most := max(1, min(limit, 20))
		var now, peak atomic.Int64
		reached := make(chan struct{})
		full := sync.OnceFunc(func() { close(reached) })
		seen := make([]atomic.Bool, 20)
		err := Each(t.Context(), len(seen), func() int { return limit }, func(_ context.Context, i int) error {
			k := now.Add(1)
			for p := peak.Load(); k > p && !peak.CompareAndSwap(p, k); p = peak.Load() {
			}
			if k == int64(most) {
				full()
			}
			<-reached
			seen[i].Store(true)
			now.Add(-1)
			return nil
		})
		if err != nil || peak.Load() != int64(most) {
			t.Errorf("limit %d: %d at once, %v; want %d", limit, peak.Load(), err, most)
		}
		for i := range seen {
			if !seen[i].Load() {
				t.Errorf("limit %d: %d was left out", limit, i)
			}
		}
	}
}

func TestEachEndsWithTheFirstError(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	broken := errors.New("broken")
	var begun atomic.Int64
	err := Each(t.Context(), 100, func() int { return 4 }, func(ctx context.Context, i int) error {
		begun.Add(1)
		if i == 3 {
			return broken
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, broken) || begun.Load() != 4 {
		t.Errorf("%v after %d calls; want %v after 4", err, begun.Load(), broken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, 1, func() int { return 1 }, func(context.Context, int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if err := Each(t.Context(), 0, nil, nil); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
}
