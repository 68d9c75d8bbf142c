package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/s3fc/s3fc/core/reconcile"
)

const (
	// barDelay is how long a run takes before a bar is shown: what is done at
	// once needs none.
	barDelay = 300 * time.Millisecond
	// entryWeight is how many bytes of transfer an entry counts for besides its
	// own, in the bar and in the time that is left: many small files take long.
	entryWeight = 64 << 10
)

// bar is the progress of a run, as the last line of the terminal. A nil bar
// shows nothing. It is safe for concurrent use.
type bar struct {
	con   *console
	state atomic.Pointer[barState]

	mu    sync.Mutex
	timer *time.Timer
	live  *mpb.Progress
	line  *mpb.Bar
}

// barState is how far a run is, and since when the phase goes on.
type barState struct {
	reconcile.Progress
	since time.Time // of the first transfer
	verb  string    // what is done to the entries; empty for copying
}

// newBar returns the bar for a run, nil if none is wanted.
func newBar(ctx context.Context, con *console, o *output) *bar {
	switch {
	case o.progress == "never", o.progress == "auto" && (!con.errTTY || o.quiet || o.json || dumb()):
		return nil
	}
	b := &bar{con: con}
	b.state.Store(&barState{})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = time.AfterFunc(barDelay, func() { b.start(ctx) })
	return b
}

func (b *bar) start(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer == nil {
		return // ended meanwhile
	}
	b.live = mpb.NewWithContext(context.WithoutCancel(ctx), mpb.WithOutput(b.con.err), mpb.WithAutoRefresh())
	b.line = b.live.MustAdd(1, mpb.BarFillerFunc(b.fill), mpb.BarFillerTrim())
	b.con.setAbove(b.live)
}

// end takes the bar away. It may be called more than once.
func (b *bar) end() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	if b.live == nil {
		return
	}
	b.line.Abort(true)
	b.live.Wait()
	b.con.setAbove(nil)
	b.live = nil
}

// does says what is done to the entries, if that is not copying.
func (b *bar) does(verb string) {
	if b != nil {
		b.state.Store(&barState{verb: verb})
	}
}

func (b *bar) update(p reconcile.Progress) {
	if b == nil {
		return
	}
	old := b.state.Load()
	s := &barState{Progress: p, since: old.since, verb: old.verb}
	if s.since.IsZero() && p.Phase != reconcile.PhaseListing {
		s.since = time.Now()
	}
	b.state.Store(s)
}

func (b *bar) fill(w io.Writer, st decor.Statistics) error {
	s := b.state.Load()
	_, err := io.WriteString(w, s.line(time.Since(s.since), st.AvailableWidth))
	return err
}

// line is what the bar shows when the transfers took elapsed so far, in at most
// width columns.
func (s *barState) line(elapsed time.Duration, width int) string {
	if s.Phase == reconcile.PhaseListing {
		return fit("comparing  "+humanize.Comma(s.Listed)+" entries", width)
	}
	if s.Phase == reconcile.PhaseDeletes {
		return fit("deleting", width)
	}
	figures := fmt.Sprintf("  %s/%s  %s/%s", humanize.Comma(s.Done), humanize.Comma(s.Total), size(s.DoneBytes), size(s.TotalBytes))
	if sec := elapsed.Seconds(); sec >= 1 {
		figures += fmt.Sprintf("  %s/s", size(int64(float64(s.DoneBytes)/sec)))
		if left, ok := s.left(elapsed); ok {
			figures += "  " + clock(left) + " left"
		}
	}
	head := cmp.Or(s.verb, "copying") + " "
	room := width - len(head) - len(figures)
	return fit(head+gauge(s.share(), min(room, 40))+figures, width)
}

// share is the part that is done, from 0 to 1.
func (s *barState) share() float64 {
	total := s.TotalBytes + s.Total*entryWeight
	if total <= 0 {
		return 1
	}
	return min(1, float64(s.DoneBytes+s.Done*entryWeight)/float64(total))
}

// left is about how long the rest takes.
func (s *barState) left(elapsed time.Duration) (time.Duration, bool) {
	done := s.share()
	if done < 0.01 {
		return 0, false
	}
	return time.Duration(float64(elapsed) * (1 - done) / done), true
}

// gauge draws a share in width columns.
func gauge(share float64, width int) string {
	if width < 4 {
		return ""
	}
	full := int(share * float64(width))
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

func clock(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// fit cuts text to width columns.
func fit(text string, width int) string {
	r := []rune(text)
	if width >= 0 && len(r) > width {
		r = r[:width]
	}
	return string(r)
}
