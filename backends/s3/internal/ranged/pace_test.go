package ranged

import (
	"testing"
	"time"
)

// clock is a store's pace under a clock of the test's own.
type clock struct {
	*Pace
	now time.Time
}

func newClock(quickest time.Duration) *clock {
	c := &clock{now: time.Unix(1e9, 0)}
	c.Pace = &Pace{Few: 1, Many: 4, Far: 8, Quickest: func() time.Duration { return quickest }, Now: func() time.Time { return c.now }}
	return c
}

// deliver makes bytes come at the rate, in MiB a second, that the store has for so many
// ranges at once.
func (c *clock) deliver(mib int, rate func(atOnce int) float64) {
	for range mib {
		c.now = c.now.Add(time.Duration(float64(time.Second) / rate(c.AtOnce())))
		c.Delivered(1 << 20)
	}
}

func TestPaceChoosesTheFaster(t *testing.T) {
	for name, c := range map[string]struct {
		quickest time.Duration
		rate     func(n int) float64
		want     int
	}{
		"near, and busy":              {time.Millisecond, func(n int) float64 { return 500 - 30*float64(n) }, 1},
		"near, no difference":         {time.Millisecond, func(int) float64 { return 500 }, 1},
		"near, with slow connections": {time.Millisecond, func(n int) float64 { return 40 * float64(n) }, 4},
		"not known how near":          {0, func(int) float64 { return 500 }, 1},
		"far away":                    {20 * time.Millisecond, func(n int) float64 { return 40 * float64(n) }, 8},
		"far away, and as fast":       {20 * time.Millisecond, func(int) float64 { return 100 }, 8},
	} {
		p := newClock(c.quickest)
		if c.want < 8 && p.AtOnce() != p.Many {
			t.Errorf("%s: %d at once at first, want %d", name, p.AtOnce(), p.Many)
		}
		p.deliver(100, c.rate)
		if got := p.AtOnce(); got != c.want {
			t.Errorf("%s: %d at once, want %d", name, got, c.want)
		}
		p.deliver(100, func(int) float64 { return 1000 - c.rate(8) })
		if got := p.AtOnce(); got != c.want {
			t.Errorf("%s: %d at once later, want %d still", name, got, c.want)
		}
	}
}

// A pause between two objects is no slow store.
func TestPaceLeavesPausesOut(t *testing.T) {
	p := newClock(time.Millisecond)
	same := func(int) float64 { return 500 }
	p.deliver(20, same)
	p.now = p.now.Add(time.Minute)
	p.deliver(33, same) // the whole of a window is measured again
	if p.AtOnce() != p.Few {
		t.Fatalf("%d at once while few are tried", p.AtOnce())
	}
	p.deliver(20, same)
	p.now = p.now.Add(time.Minute)
	p.deliver(40, same)
	if got := p.AtOnce(); got != p.Few {
		t.Errorf("%d at once; want %d, which are as fast", got, p.Few)
	}
}
