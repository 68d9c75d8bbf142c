package cmd

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

const (
	// barDelay is how long a run takes before a bar is shown: a short one needs
	// none.
	barDelay = 300 * time.Millisecond
	// lineEvery is how often a line is written where there is no terminal.
	lineEvery = 10 * time.Second
)

// progress shows how a run gets on: on a terminal by a bar below the other lines,
// elsewhere by a line now and then. A nil progress shows nothing. It is safe for
// concurrent use.
type progress struct {
	con   *console
	meter *meter

	mu    sync.Mutex
	timer *time.Timer // until the bar is shown; nil once the run has ended
	live  *mpb.Progress
	bar   *mpb.Bar
	stop  chan struct{} // ends the lines
	done  chan struct{} // the lines have ended
}

// newProgress returns the progress for a run, nil if none is wanted.
func newProgress(ctx context.Context, con *console, o *output) *progress {
	if o.progress == "never" || o.progress == "auto" && (o.quiet || o.json) {
		return nil
	}
	p := &progress{con: con, meter: newMeter(time.Now())}
	p.mu.Lock()
	defer p.mu.Unlock()
	if con.errTTY && !dumb() {
		p.timer = time.AfterFunc(barDelay, func() { p.show(ctx) })
		return p
	}
	p.timer = time.NewTimer(0) // it only says that the run goes on
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	go p.writeLines()
	return p
}

// show shows the bar.
func (p *progress) show(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer == nil {
		return // ended meanwhile
	}
	p.live = mpb.NewWithContext(context.WithoutCancel(ctx), mpb.WithOutput(p.con.err), mpb.WithAutoRefresh())
	p.bar = p.live.MustAdd(1, mpb.BarFillerFunc(p.fill), mpb.BarFillerTrim(), mpb.BarExtender(mpb.BarFillerFunc(p.extend), false))
	p.con.setAbove(p.live)
}

// end takes the bar away. It may be called more than once.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer == nil {
		return
	}
	p.timer.Stop()
	p.timer = nil
	if p.stop != nil {
		close(p.stop)
		<-p.done
	}
	if p.live != nil {
		p.bar.Abort(true)
		p.live.Wait()
		p.con.setAbove(nil)
		p.live = nil
	}
}

// does sets the verb shown for the entries, if it is not copying.
func (p *progress) does(verb string) {
	if p != nil {
		p.meter.does(verb)
	}
}

// update takes in how far the run is.
func (p *progress) update(r reconcile.Progress) {
	if p != nil {
		p.meter.update(r, time.Now())
	}
}

// waiting takes in that something is going to be tried again.
func (p *progress) waiting(w core.Wait) {
	if p != nil {
		p.meter.waiting(w, time.Now())
	}
}

// fill writes the bar.
func (p *progress) fill(w io.Writer, st decor.Statistics) error {
	v := p.meter.view(time.Now())
	_, err := io.WriteString(w, v.bar(st.AvailableWidth))
	return err
}

// extend writes the lines below the bar.
func (p *progress) extend(w io.Writer, st decor.Statistics) error {
	v := p.meter.view(time.Now())
	lines := v.below(st.AvailableWidth)
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// writeLines writes a line every lineEvery, and one when the run begins to stall.
func (p *progress) writeLines() {
	defer close(p.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last, stalled := time.Now(), false
	for {
		select {
		case <-p.stop:
			return
		case now := <-tick.C:
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
