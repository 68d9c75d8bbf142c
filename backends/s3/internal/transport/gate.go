package transport

import (
	"context"
	"sync"
	"time"
)

const (
	// firstRequests is how many requests wait for an answer at once before it is
	// known whether more would help.
	firstRequests = 64
	// farAway is how many times as long as the quickest answer the others may
	// take on average, for more at once to help: they are on their way most of
	// that time, and do not wait for each other.
	farAway = 4
)

// gate limits how many requests wait for an answer at once. A store that
// throttles halves the limit; as many answers as the limit is raise it by one, up
// to where it began. From there it grows, at first to twice itself, as long as
// requests wait for a place and the store is far away. It is safe for concurrent
// use.
type gate struct {
	mu       sync.Mutex
	limit    int
	first    int // where the limit began
	most     int
	held     int
	good     int           // answers since the limit was last thought about
	took     time.Duration // by all of them
	quickest time.Duration // of all answers, 0 for none
	epoch    int           // counts cuts: a burst of refusals cuts once
	waiting  []chan struct{}
}

func newGate(most int) *gate {
	first := min(most, firstRequests)
	return &gate{limit: first, first: first, most: most}
}

// place is a request's share of the gate while it waits for its answer.
type place struct {
	epoch int
	since time.Time
}

func (g *gate) place() place { return place{g.epoch, time.Now()} }

// enter waits for a place, to leave with.
func (g *gate) enter(ctx context.Context) (place, error) {
	g.mu.Lock()
	if g.held < g.limit && len(g.waiting) == 0 {
		g.held++
		defer g.mu.Unlock()
		return g.place(), nil
	}
	ready := make(chan struct{})
	g.waiting = append(g.waiting, ready)
	g.mu.Unlock()
	select {
	case <-ready:
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.place(), nil
	case <-ctx.Done():
		g.forget(ready)
		return place{}, ctx.Err()
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
func (g *gate) leave(p place, throttled, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held--
	took := time.Since(p.since)
	switch {
	case throttled && p.epoch == g.epoch:
		g.limit, g.good, g.took = max(1, g.limit/2), 0, 0
		g.epoch++
	case answered && !throttled && g.limit < g.most:
		g.learn(took)
	case answered && !throttled:
		g.note(took)
	}
	g.admit()
}

// learn takes in how long an answer took, and thinks about the limit once there
// were as many answers.
func (g *gate) learn(d time.Duration) {
	g.note(d)
	g.took += d
	if g.good++; g.good < g.limit {
		return
	}
	average := g.took / time.Duration(g.good)
	g.good, g.took = 0, 0
	switch more := len(g.waiting) > 0 && average < farAway*g.quickest; {
	case g.limit < g.first, more && g.epoch > 0:
		g.limit++
	case more:
		g.limit = min(g.most, 2*g.limit)
	}
}

func (g *gate) admit() {
	for g.held < g.limit && len(g.waiting) > 0 {
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
		g.held++
	}
}

// note takes in how long an answer took.
func (g *gate) note(d time.Duration) {
	if g.quickest == 0 || d < g.quickest {
		g.quickest = d
	}
}

// quickestAnswer returns the time of the quickest answer, 0 for none.
func (g *gate) quickestAnswer() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.quickest
}
