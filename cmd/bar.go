package cmd

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

const (
	// barDelay is how long a run takes before a bar is shown: a run that is done at
	// once needs none.
	barDelay = 300 * time.Millisecond
	// frameEvery is how often the bar is drawn.
	frameEvery = 100 * time.Millisecond
	// lineEvery is how often a line is written where there is no terminal.
	lineEvery = 10 * time.Second
)

// progress shows how a run gets on: on a terminal by a bar below the other lines,
// elsewhere by a line now and then. A nil progress shows nothing. It is safe for
// concurrent use.
type progress struct {
	con   *console
	meter *meter
	pace  pace
	bar   bool        // on a terminal
	shown atomic.Bool // the bar is

	endOnce func()        // ends the drawing, or the lines
	stop    chan struct{} // closed by endOnce
	done    chan struct{} // closed when they have ended
}

// pace is the time that rates are measured by, and the ticks at which it is seen
// whether a line is due.
type pace struct {
	now   func() time.Time
	ticks func() (at <-chan time.Time, stop func())
	began func(*meter) // if not nil, is told the meter of a run
}

// realPace is that of the clock.
var realPace = pace{now: time.Now, ticks: func() (<-chan time.Time, func()) {
	t := time.NewTicker(time.Second)
	return t.C, t.Stop
}}

// newProgress returns the progress for a run, nil if none is wanted.
func newProgress(con *console, o *output, at pace) *progress {
	if o.progress == "never" || o.progress == "auto" && (o.quiet || o.json) {
		return nil
	}
	p := &progress{con: con, meter: newMeter(at.now()), pace: at, bar: con.errTTY && !dumb(), stop: make(chan struct{}), done: make(chan struct{})}
	if at.began != nil {
		at.began(p.meter)
	}
	p.endOnce = sync.OnceFunc(func() {
		close(p.stop)
		<-p.done
	})
	if p.bar {
		go p.drawBar()
	} else {
		go p.writeLines()
	}
	return p
}

// ended takes the bar away. It may be called more than once.
func (p *progress) ended() {
	if p != nil {
		p.endOnce()
	}
}

// does sets the activity that is shown, if that is not copying.
func (p *progress) does(verb string) {
	if p != nil {
		p.meter.does(verb)
	}
}

// paced takes in that the run keeps to a bandwidth of its own.
func (p *progress) paced() {
	if p != nil {
		p.meter.paced()
	}
}

// update takes in how far the run is.
func (p *progress) update(r reconcile.Progress) {
	if p != nil {
		p.meter.update(r, p.pace.now())
	}
}

// waiting takes in that something is going to be tried again.
func (p *progress) waiting(w core.Wait) {
	if p != nil {
		p.meter.waiting(w, p.pace.now())
	}
}

// interrupted takes in that the run was told to end, and reports whether the bar
// says so.
func (p *progress) interrupted() bool {
	if p == nil {
		return false
	}
	p.meter.interrupted()
	return p.shown.Load()
}

// drawBar draws the bar, after a moment, until the run has ended.
func (p *progress) drawBar() {
	defer close(p.done)
	select {
	case <-p.stop:
		return
	case <-time.After(barDelay):
	}
	area := &liveArea{out: p.con.err, columns: p.con.errColumns}
	p.con.setLive(area)
	p.shown.Store(true)
	defer p.con.setLive(nil)
	defer area.clear()
	tick := time.NewTicker(frameEvery)
	defer tick.Stop()
	for {
		area.draw(p.frame(area.columns()))
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
	}
}

// frame returns the bar's lines for a terminal. Each leaves room for the ^C that the
// terminal writes behind the last of them.
func (p *progress) frame(columns int) []string {
	v := p.meter.view(p.pace.now())
	width := max(1, columns-3)
	return append([]string{v.bar(width)}, v.below(width)...)
}

// writeLines writes a line every lineEvery, and one when the run begins to stall.
func (p *progress) writeLines() {
	defer close(p.done)
	ticks, stop := p.pace.ticks()
	defer stop()
	last, stalled := p.pace.now(), false
	for {
		select {
		case <-p.stop:
			return
		case <-ticks:
			now := p.pace.now()
			v := p.meter.view(now)
			begins := v.reason != "" && !stalled
			stalled = v.reason != ""
			if begins || now.Sub(last) >= lineEvery {
				last = now
				p.con.remark(v.line())
			}
		}
	}
}
