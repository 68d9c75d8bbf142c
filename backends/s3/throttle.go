package s3

import (
	"context"
	"net/http"
	"sync"
)

// gate limits how many requests wait for an answer at once. A store that
// throttles halves the limit; as many answers as the limit is raise it by one,
// up to where it began. It is safe for concurrent use.
type gate struct {
	mu      sync.Mutex
	limit   int
	most    int
	held    int
	good    int // answers since the limit last changed
	epoch   int // counts cuts: a burst of refusals cuts once
	waiting []chan struct{}
}

func newGate(n int) *gate { return &gate{limit: n, most: n} }

// enter waits for a place and returns the epoch to leave with.
func (g *gate) enter(ctx context.Context) (epoch int, err error) {
	g.mu.Lock()
	if g.held < g.limit && len(g.waiting) == 0 {
		g.held++
		defer g.mu.Unlock()
		return g.epoch, nil
	}
	ready := make(chan struct{})
	g.waiting = append(g.waiting, ready)
	g.mu.Unlock()
	select {
	case <-ready:
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.epoch, nil
	case <-ctx.Done():
		g.forget(ready)
		return 0, ctx.Err()
	}
}

// forget withdraws a waiter; a place that it was given meanwhile goes on.
func (g *gate) forget(ready chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, w := range g.waiting {
		if w == ready {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return
		}
	}
	g.held--
	g.admit()
}

// leave gives a place back and learns from the answer.
func (g *gate) leave(epoch int, throttled, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held--
	switch {
	case throttled && epoch == g.epoch:
		g.limit, g.good = max(1, g.limit/2), 0
		g.epoch++
	case answered && !throttled && g.limit < g.most:
		if g.good++; g.good >= g.limit {
			g.limit, g.good = g.limit+1, 0
		}
	}
	g.admit()
}

func (g *gate) admit() {
	for g.held < g.limit && len(g.waiting) > 0 {
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
		g.held++
	}
}

// throttle passes requests through a gate. A place is held until the answer
// begins, not until its body was read: who holds a body may ask for more.
type throttle struct {
	next http.RoundTripper
	gate *gate
}

// RoundTrip implements [http.RoundTripper].
func (t *throttle) RoundTrip(req *http.Request) (*http.Response, error) {
	epoch, err := t.gate.enter(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := t.next.RoundTrip(req)
	t.gate.leave(epoch, err == nil && slowDown(resp.StatusCode), err == nil)
	return resp, err
}

func slowDown(status int) bool {
	return status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
}
