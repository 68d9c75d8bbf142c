package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

const (
	// entryWeight is how many bytes of transfer an entry counts for besides its
	// own, in the bar and in the time that is left: many small files take long.
	entryWeight = 64 << 10
	// rateWindow is the time over which a rate is measured.
	rateWindow = 5 * time.Second
	// stallTime is how long nothing has to move until the reason is shown.
	stallTime = 3 * time.Second
	// maxFileLines is how many large files have a line of their own.
	maxFileLines = 4
)

// meter measures how a run gets on. It is safe for concurrent use.
type meter struct {
	mu      sync.Mutex
	last    reconcile.Progress
	verb    string // for the entries; empty for copying
	ending  bool   // the run was interrupted
	slow    bool   // the run keeps to a bandwidth of its own
	moved   time.Time
	samples []sample
	wait    core.Wait
	waitAt  time.Time // zero for none
}

// sample is how far a run was at a time.
type sample struct {
	at                    time.Time
	bytes, weight, hashed int64
}

func sampleOf(p reconcile.Progress, at time.Time) sample {
	return sample{at, p.DoneBytes, p.DoneBytes + p.Done*entryWeight, p.Hashed}
}

func newMeter(now time.Time) *meter { return &meter{moved: now} }

// paced says that the run keeps to a bandwidth of its own, so that a store is not to
// blame where nothing moves.
func (m *meter) paced() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slow = true
}

// does sets the verb shown for the entries, if it is not copying.
func (m *meter) does(verb string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.verb = verb
}

// update takes in how far the run is at a time.
func (m *meter) update(p reconcile.Progress, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.Phase != m.last.Phase && m.last.Phase == reconcile.PhaseListing {
		m.samples = []sample{sampleOf(p, now)} // that rates begin at
	}
	if p.Phase != reconcile.PhaseListing {
		m.sample(p, now)
	}
	if p.Phase != m.last.Phase || p.Listed != m.last.Listed || p.Done != m.last.Done || p.DoneBytes != m.last.DoneBytes || p.Hashed != m.last.Hashed {
		m.moved, m.waitAt = now, time.Time{}
	}
	m.last = p
}

// interrupted takes in that the run was told to end.
func (m *meter) interrupted() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ending = true
}

// waiting takes in that something is going to be tried again.
func (m *meter) waiting(w core.Wait, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wait, m.waitAt = w, now
}

// view is how far a run is, as it is shown.
type view struct {
	reconcile.Progress
	verb    string
	ending  bool
	rate    float64 // bytes a second, over the last seconds
	hashed  float64 // the rate of hashing
	left    time.Duration
	hasLeft bool
	stalled time.Duration // how long nothing has moved, if that is long
	reason  string        // of the stall
}

// view returns how far the run is now. It is called regularly, for the rates.
func (m *meter) view(now time.Time) view {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := view{Progress: m.last, verb: m.verb, ending: m.ending}
	if v.Phase != reconcile.PhaseListing {
		m.measure(&v, now)
	}
	if d := now.Sub(m.moved); d >= stallTime {
		v.stalled, v.reason = d, "no answer for "+clock(d)
		if m.slow {
			v.reason = "nothing finished for " + clock(d) + ", within --bwlimit"
		}
		if next := m.wait.Next - now.Sub(m.waitAt); !m.waitAt.IsZero() {
			v.reason = waitText(m.wait, next)
		}
	}
	return v
}

// sampleEvery is the time between two samples, at least.
const sampleEvery = 50 * time.Millisecond

// sample takes a sample. One that comes soon after another takes its place.
func (m *meter) sample(p reconcile.Progress, now time.Time) sample {
	s := sampleOf(p, now)
	if n := len(m.samples); n > 1 && now.Sub(m.samples[n-1].at) < sampleEvery {
		s.at = m.samples[n-1].at
		m.samples[n-1] = s
	} else {
		m.samples = append(m.samples, s)
	}
	return s
}

// measure sets the rates and the time left, by the samples of the last seconds.
func (m *meter) measure(v *view, now time.Time) {
	last := m.sample(v.Progress, now)
	for len(m.samples) > 2 && now.Sub(m.samples[1].at) >= rateWindow {
		m.samples = m.samples[1:]
	}
	first := m.samples[0]
	sec := now.Sub(first.at).Seconds()
	if sec < 1 {
		return
	}
	v.rate = float64(last.bytes-first.bytes) / sec
	v.hashed = float64(last.hashed-first.hashed) / sec
	total := v.TotalBytes + v.Total*entryWeight
	if speed := float64(last.weight-first.weight) / sec; speed > 0 && last.weight < total {
		v.left, v.hasLeft = time.Duration(float64(total-last.weight)/speed*float64(time.Second)), true
	}
}

// waitText says why a run does not get on.
func waitText(w core.Wait, next time.Duration) string {
	s := "waiting for " + inert(w.For) + ": " + inert(w.Cause)
	if w.Of > 0 {
		s += fmt.Sprintf(", try %d of %d", w.Try, w.Of)
	} else {
		s += fmt.Sprintf(", try %d", w.Try)
	}
	if next > 0 {
		s += fmt.Sprintf(", next in %d s", int(next.Seconds()+0.999))
	}
	return s
}

// hashing reports whether nothing moves because large files are read for their md5s.
func (v *view) hashing() bool {
	for _, f := range v.Large {
		if f.Hashing {
			return v.rate < 1
		}
	}
	return false
}

// activity names the phase, or hashing.
func (v *view) activity() string {
	switch {
	case v.ending:
		return "stopping"
	case v.Phase == reconcile.PhaseListing:
		return "comparing"
	case v.Phase == reconcile.PhaseDeletes:
		return "deleting"
	case v.hashing():
		return "hashing"
	case v.Phase == reconcile.PhaseLinks:
		return "linking"
	}
	return cmp.Or(v.verb, "copying")
}

// figure is a count, a rate or a time of the bar. In a narrow terminal those of a
// high rank are left out first.
type figure struct {
	text string
	rank int
}

// figures are those of the bar, in their order.
func (v *view) figures() []figure {
	switch {
	case v.Phase == reconcile.PhaseListing && v.Hashed > 0:
		return []figure{{plural(v.Listed, "entry"), 0}, {size(v.Hashed) + " hashed", 1}}
	case v.Phase == reconcile.PhaseListing && v.Listed > 0:
		return []figure{{plural(v.Listed, "entry"), 0}}
	case v.Phase == reconcile.PhaseListing || v.Phase == reconcile.PhaseDeletes:
		return nil
	}
	out := []figure{{humanize.Comma(v.Done) + "/" + humanize.Comma(v.Total), 0}}
	if v.hashing() && !v.ending {
		return append(out, v.hashFigures()...)
	}
	if v.TotalBytes > 0 {
		out = append(out, figure{size(v.DoneBytes) + "/" + size(v.TotalBytes), 2})
	}
	if v.rate >= 1 && v.reason == "" {
		out = append(out, figure{size(int64(v.rate)) + "/s", 3})
	}
	if v.hasLeft && v.reason == "" && !v.ending {
		out = append(out, figure{clock(v.left) + " left", 1})
	}
	return out
}

// hashFigures are those of the files that are read for their md5s: all that moves.
func (v *view) hashFigures() (out []figure) {
	done, total := v.hashDone()
	out = append(out, figure{size(done) + "/" + size(total) + " hashed", 2})
	if v.hashed >= 1 && v.reason == "" {
		out = append(out, figure{size(int64(v.hashed)) + "/s", 3},
			figure{clock(time.Duration(float64(total-done)/v.hashed*float64(time.Second))) + " left", 1})
	}
	return out
}

// hashDone returns how far the files are that are being hashed.
func (v *view) hashDone() (done, total int64) {
	for _, f := range v.Large {
		if f.Hashing {
			done, total = done+f.Done, total+f.Size
		}
	}
	return done, total
}

// barText joins the activity and the figures.
func barText(head string, figures []figure) string {
	for _, f := range figures {
		head += "  " + f.text
	}
	return head
}

// lessImportant returns the figures without the one of the highest rank.
func lessImportant(figures []figure) []figure {
	at := 0
	for i, f := range figures {
		if f.rank > figures[at].rank {
			at = i
		}
	}
	return slices.Delete(slices.Clone(figures), at, at+1)
}

// bar is the main line, in at most width columns: as many of the figures as fit,
// and a gauge in the room that is left.
func (v *view) bar(width int) string {
	head, figures := v.activity(), v.figures()
	for len(figures) > 1 && runewidth.StringWidth(barText(head, figures)) > width {
		figures = lessImportant(figures)
	}
	if v.Phase != reconcile.PhaseListing && v.Phase != reconcile.PhaseDeletes {
		if g := gauge(v.share(), min(width-runewidth.StringWidth(barText(head, figures))-1, 40)); g != "" {
			head += " " + g
		}
	}
	return fit(barText(head, figures), width)
}

// below are the lines below the bar: the reason of a stall, and large files; or how
// to end at once.
func (v *view) below(width int) []string {
	var out []string
	switch {
	case v.ending:
		return []string{fit("  once more (Ctrl-C) exits at once", width)}
	case v.reason != "":
		for line := range strings.SplitSeq(wrapped("  "+v.reason, width), "\n") {
			out = append(out, fit(line, width))
		}
	}
	for _, f := range v.Large[:min(len(v.Large), maxFileLines)] {
		out = append(out, fileLine(f, width))
	}
	return out
}

// fileLine is the line of a large file: its key, shortened in the middle if need
// be, and how far it is.
func fileLine(f reconcile.FileProgress, width int) string {
	state := fmt.Sprintf("  %3d%% of %s", percent(f.Done, f.Size), size(f.Size))
	if f.Hashing {
		state = fmt.Sprintf("  %3d%% of %s hashed", percent(f.Done, f.Size), size(f.Size))
	}
	return fit("  "+shorten(core.DisplayKey(f.Key), width-2-len(state))+state, width)
}

func percent(done, total int64) int {
	if total <= 0 {
		return 100
	}
	return int(100 * float64(done) / float64(total))
}

// line is the progress as one plain line, for a log.
func (v *view) line() string {
	s := v.activity()
	for i, f := range v.figures() {
		s += [...]string{": ", ", "}[min(i, 1)] + f.text
	}
	if v.reason != "" {
		s += "; " + v.reason
	}
	return s
}

// share is the part that is done, from 0 to 1.
func (v *view) share() float64 {
	if v.hashing() {
		done, total := v.hashDone()
		return float64(done) / float64(max(1, total))
	}
	total := v.TotalBytes + v.Total*entryWeight
	if total <= 0 {
		return 1
	}
	return min(1, float64(v.DoneBytes+v.Done*entryWeight)/float64(total))
}

// gauge draws a share in width columns; there is none in less than four.
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
	if width < 0 {
		return text
	}
	return runewidth.Truncate(text, width, "")
}

// shorten cuts the middle out of text that is wider than width columns.
func shorten(text string, width int) string {
	if runewidth.StringWidth(text) <= width {
		return text
	}
	if width < 5 {
		return fit(text, max(0, width))
	}
	head := runewidth.Truncate(text, (width-1)/2, "")
	tail := runewidth.TruncateLeft(text, runewidth.StringWidth(text)-(width-1-runewidth.StringWidth(head)), "")
	return head + "…" + tail
}
