package ranged

import (
	"sync"
	"time"
)

const (
	// paceSkip is the number of bytes after a change that are not measured: they were
	// still asked for before it.
	paceSkip = 8 << 20
	// paceWindow is the number of bytes by which a rate is measured.
	paceWindow = 24 << 20
	// paceGap is the pause after which measuring begins again.
	paceGap = time.Second
	// farAway is the time from which the quickest answer of a store says that it is far
	// away. One connection is slower there than a network is.
	farAway = 5 * time.Millisecond
	// worthMore is how many times as fast more ranges have to be to be worth it.
	worthMore = 1.05
)

// Pace finds out how many ranges of a store are worth asking for at once. From a store
// that is far away, several come faster than one. From a near one, more cost CPU and may
// gain nothing: so many and then few are tried, and the better is kept for the run. It
// is safe for concurrent use.
type Pace struct {
	// Few and Many are tried. Far is for a store that is far away.
	Few, Many, Far int
	// Quickest returns the time of the store's quickest answer so far, 0 if there is none.
	Quickest func() time.Duration
	// Now is the clock; nil is [time.Now].
	Now func() time.Time

	mu     sync.Mutex
	tried  int       // 0: many are being tried; 1: few are; 2: it is decided
	few    bool      // the decision
	many   float64   // their rate in bytes a second
	skip   int64     // bytes that are still not measured
	begin  time.Time // of the window
	last   time.Time // when bytes came
	window int64     // bytes that came in it
}

// far reports whether the store is far away.
func (p *Pace) far() bool { return p.Quickest != nil && p.Quickest() >= farAway }

// AtOnce returns the number of ranges that are worth asking for at once, by now.
func (p *Pace) AtOnce() int {
	if p.far() {
		return p.Far
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried == 1 || p.tried == 2 && p.few {
		return p.Few
	}
	return p.Many
}

// Delivered counts bytes that came.
func (p *Pace) Delivered(n int) {
	if p.Few >= p.Many || p.far() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried == 2 {
		return
	}
	now := time.Now()
	if p.Now != nil {
		now = p.Now()
	}
	if p.last.IsZero() || now.Sub(p.last) > paceGap {
		p.skip, p.window, p.begin = paceSkip, 0, time.Time{}
	}
	p.last = now
	switch {
	case p.skip > 0:
		p.skip -= int64(n)
	case p.begin.IsZero():
		p.begin = now
	default:
		if p.window += int64(n); p.window >= paceWindow {
			p.measured(float64(p.window) / max(now.Sub(p.begin).Seconds(), 1e-9))
		}
	}
}

// measured notes the rate of a window.
func (p *Pace) measured(rate float64) {
	if p.tried == 0 {
		p.many = rate
	} else {
		p.few = p.many < worthMore*rate
	}
	p.tried++
	p.skip, p.window, p.begin = paceSkip, 0, time.Time{}
}
