package transport

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestGate checks the shape of the adaptive limit: a burst of refusals halves it
// once, successes raise it one by one, and never above where it began.
func TestGate(t *testing.T) {
	g := newGate(16)
	enter := func() place {
		p, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var places []place
	for range 16 {
		places = append(places, enter())
	}
	for _, p := range places {
		g.leave(p, true, true)
	}
	if g.limit != 8 || g.held != 0 {
		t.Errorf("after a burst of refusals: limit %d, held %d; want 8, 0", g.limit, g.held)
	}
	for range 8 {
		g.leave(enter(), false, true)
	}
	if g.limit != 9 {
		t.Errorf("after 8 successes: limit %d; want 9", g.limit)
	}
	for range 10 {
		g.leave(enter(), false, false)
	}
	if g.limit != 9 {
		t.Errorf("after connections that broke: limit %d; want 9", g.limit)
	}
	for range 20 {
		g.leave(enter(), true, true)
	}
	if g.limit != 1 {
		t.Errorf("after refusals only: limit %d; want 1", g.limit)
	}
	for range 1000 {
		g.leave(enter(), false, true)
	}
	if g.limit != 16 {
		t.Errorf("after successes only: limit %d; want 16", g.limit)
	}
}

// TestGateGrows checks when more requests wait at once than at the beginning:
// where answers take long because of the way, as far as is allowed, and not
// where they take long because there are so many, or where nobody wants more.
func TestGateGrows(t *testing.T) {
	const way = 20 * time.Millisecond
	crowd := func(inside int) time.Duration { return time.Duration(inside) * time.Millisecond }
	for name, c := range map[string]struct {
		most  int
		takes func(inside int) time.Duration
		full  bool
		want  int
	}{
		"far away":              {200, func(int) time.Duration { return way }, true, 200},
		"far away, and a crowd": {1000, func(n int) time.Duration { return way + crowd(n)/2 }, true, 128},
		"nearby":                {200, crowd, true, 64},
		"nobody waits":          {200, func(int) time.Duration { return way }, false, 64},
		"fewer allowed":         {16, func(int) time.Duration { return way }, true, 16},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(c.most)
			if c.full {
				g.waiting = append(g.waiting, nil)
			}
			g.learn(c.takes(1))
			rounds(g, 20, c.takes)
			if g.limit != c.want {
				t.Errorf("limit %d; want %d", g.limit, c.want)
			}
		})
	}
}

// rounds teaches a gate n times as many answers as its limit, each of which took
// as long as takes says where so many are inside.
func rounds(g *gate, n int, takes func(inside int) time.Duration) {
	for range n {
		for range g.limit {
			if g.limit < g.most {
				g.learn(takes(g.limit))
			}
		}
	}
}

// TestGateThatGrewIsCut checks that a store that throttles is believed: from then
// on the limit grows one by one.
func TestGateThatGrewIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(256)
		crowded(t, g, 300)
		if g.limit != 256 {
			t.Fatalf("limit %d; want 256", g.limit)
		}
		for range 2 {
			p, _ := g.enter(t.Context())
			g.leave(p, true, true)
		}
		if g.limit != 64 {
			t.Errorf("limit %d after it was cut twice; want 64", g.limit)
		}
		crowded(t, g, 80)
		if g.limit <= 64 || g.limit > 80 {
			t.Errorf("limit %d some rounds later; want a little more than 64", g.limit)
		}
	})
}

// crowded lets workers send 40 requests each, one after the other, all of which
// take equally long.
func crowded(t *testing.T, g *gate, workers int) {
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range 40 {
				p, err := g.enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Millisecond)
				g.leave(p, false, true)
			}
		})
	}
	wg.Wait()
}

// TestGateLimits counts how many are inside at once, under time of its own.
func TestGateLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4)
		var inside, most atomic.Int64
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				epoch, err := g.enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				n := inside.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				time.Sleep(time.Second)
				inside.Add(-1)
				g.leave(epoch, false, true)
			})
		}
		begin := time.Now()
		wg.Wait()
		if most.Load() != 4 || time.Since(begin) != 10*time.Second {
			t.Errorf("%d inside at once, for %v; want 4, for 10 s", most.Load(), time.Since(begin))
		}
	})
}

func TestGateCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		epoch, _ := g.enter(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("enter = %v; want the context's error", err)
		}
		g.leave(epoch, false, true)
		if _, err := g.enter(t.Context()); err != nil || g.held != 1 || len(g.waiting) != 0 {
			t.Errorf("enter = %v with %d held, %d waiting; a place was lost", err, g.held, len(g.waiting))
		}
	})
}

// The quickest answer is known at every limit, and a refusal is none.
func TestGateKnowsTheQuickestAnswer(t *testing.T) {
	for _, most := range []int{1, 200} {
		g := newGate(most)
		if got := g.quickestAnswer(); got != 0 {
			t.Errorf("at first %v, want 0", got)
		}
		for _, ago := range []time.Duration{time.Hour, time.Minute, 2 * time.Hour} {
			p, err := g.enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.since = p.since.Add(-ago)
			g.leave(p, false, true)
		}
		p, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		g.leave(p, true, true)
		if got := g.quickestAnswer(); got < time.Minute || got > 2*time.Minute {
			t.Errorf("at most %d: %v, want a minute", most, got)
		}
	}
}
