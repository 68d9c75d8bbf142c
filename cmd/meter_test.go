package cmd

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

const mib = 1 << 20

// at0 is when the runs of these tests begin.
var at0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// copying is a run that has copied at a steady rate for some seconds.
func copying(seconds int) (*meter, time.Time) {
	m := newMeter(at0)
	now := at0
	for s := range seconds + 1 {
		now = at0.Add(time.Duration(s) * time.Second)
		m.update(reconcile.Progress{Phase: reconcile.PhaseFiles, Done: int64(s), Total: 100, DoneBytes: int64(s) * mib, TotalBytes: 100 * mib}, now)
		m.view(now)
	}
	return m, now
}

func TestTheBarHasAsManyFiguresAsFit(t *testing.T) {
	m, now := copying(50)
	for width, want := range map[int]string{
		120: "copying ████████████████████░░░░░░░░░░░░░░░░░░░░  50/100  50 MiB/100 MiB  1.0 MiB/s  0:50 left",
		80:  "copying ██████████████░░░░░░░░░░░░░░  50/100  50 MiB/100 MiB  1.0 MiB/s  0:50 left",
		40:  "copying ██░░  50/100  50 MiB/100 MiB",
		20:  "copying ██░░  50/100",
		8:   "copying ",
	} {
		v := m.view(now)
		got := v.bar(width)
		if runewidth.StringWidth(got) > width {
			t.Errorf("%q is wider than %d", got, width)
		}
		if width >= 20 && got != want && width != 40 && width != 80 {
			t.Errorf("in %d columns %q, want %q", width, got, want)
		}
	}
}

func TestTheRateIsThatOfTheLastSeconds(t *testing.T) {
	m, now := copying(50)
	for range 10 { // nothing moves while a file is hashed
		now = now.Add(time.Second)
		m.update(reconcile.Progress{Phase: reconcile.PhaseFiles, Done: 50, Total: 100, DoneBytes: 50 * mib, TotalBytes: 100 * mib, Hashed: now.Unix(), Large: []reconcile.FileProgress{{Key: "big", Size: 4 << 30, Done: 1 << 30, Hashing: true}}}, now)
		m.view(now)
	}
	v := m.view(now)
	if v.rate != 0 || v.hasLeft || v.activity() != "hashing" || v.reason != "" {
		t.Errorf("%+v, %s; want no rate, no time left, and hashing", v, v.activity())
	}
	if got, want := v.below(60), "  big   25% of 4.0 GiB hashed"; len(got) != 1 || got[0] != want {
		t.Errorf("below the bar: %q, want %q", got, want)
	}
	for range 6 { // and then it goes up at twice the rate
		now = now.Add(time.Second)
		p := v.Progress
		p.DoneBytes += 2 * mib
		v.Progress = p
		m.update(p, now)
		v = m.view(now)
	}
	if v.rate < 1.9*mib || v.rate > 2.1*mib {
		t.Errorf("the rate is %.1f MiB/s, want 2", v.rate/mib)
	}
}

func TestAfterThreeSecondsTheReasonIsShown(t *testing.T) {
	m, now := copying(10)
	m.waiting(core.Wait{For: "s3.example.net", Cause: "SlowDown", Try: 3, Of: 8, Next: 8 * time.Second}, now)
	if v := m.view(now.Add(2 * time.Second)); v.reason != "" {
		t.Errorf("after 2 s: %q, want nothing yet", v.reason)
	}
	v := m.view(now.Add(4 * time.Second))
	if want := "waiting for s3.example.net: SlowDown, try 3 of 8, next in 4 s"; v.reason != want {
		t.Errorf("the reason is %q, want %q", v.reason, want)
	}
	if !strings.HasSuffix(v.line(), "; "+v.reason) || v.below(200)[0] != "  "+v.reason {
		t.Errorf("the line is %q, below the bar is %q; want the reason in both", v.line(), v.below(200))
	}
	m.update(reconcile.Progress{Phase: reconcile.PhaseFiles, Done: 11, Total: 100}, now.Add(5*time.Second))
	if v := m.view(now.Add(5 * time.Second)); v.reason != "" {
		t.Errorf("it moves again: %q", v.reason)
	}
	if v := m.view(now.Add(65 * time.Second)); v.reason != "no answer for 1:00" {
		t.Errorf("no reason is known: %q", v.reason)
	}
	m.paced()
	if v := m.view(now.Add(65 * time.Second)); v.reason != "nothing finished for 1:00, within --bwlimit" {
		t.Errorf("the store is not to blame: %q", v.reason)
	}
}

func TestLinesForALog(t *testing.T) {
	m, now := copying(50)
	v := m.view(now)
	if got, want := v.line(), "copying: 50/100, 50 MiB/100 MiB, 1.0 MiB/s, 0:50 left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for p, want := range map[*reconcile.Progress]string{
		{Listed: 12345}:                                  "comparing: 12,345 entries",
		{Listed: 1, Hashed: 3 * mib}:                     "comparing: 1 entry, 3.0 MiB hashed",
		{Phase: reconcile.PhaseDeletes}:                  "deleting",
		{Phase: reconcile.PhaseLinks, Total: 4, Done: 1}: "linking: 1/4",
	} {
		m := newMeter(at0)
		m.update(*p, at0)
		v := m.view(at0)
		if got := v.line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLongAndWideKeysAreShortenedInTheMiddle(t *testing.T) {
	for _, key := range []string{"a/very/long/way/to/the/directory/of/the/video.mp4", strings.Repeat("動", 40) + ".mp4", "x\x1b[2Jy.mp4", "short"} {
		for _, width := range []int{20, 40, 80, 120} {
			got := fileLine(reconcile.FileProgress{Key: key, Size: 4 << 30, Done: 1 << 30}, width)
			if runewidth.StringWidth(got) > width || width >= 40 && !strings.HasSuffix(got, "  25% of 4.0 GiB") || strings.ContainsRune(got, 0x1b) {
				t.Errorf("in %d columns: %q", width, got)
			}
		}
	}
	if got := shorten("abcdefghij", 7); got != "abc…hij" {
		t.Errorf("shorten: %q", got)
	}
}

func TestTimeInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0:00", 59500 * time.Millisecond: "1:00", 3725 * time.Second: "1:02:05"} {
		if got := clock(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestWithoutATerminalThereIsALineForAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		con := newConsole(&out, &errs)
		p := newProgress(con, &output{progress: "auto"}, realPace)
		p.meter.mu.Lock()
		p.meter.moved = time.Now().Add(-time.Minute)
		p.meter.mu.Unlock()
		time.Sleep(1500 * time.Millisecond)
		p.ended()
		p.ended()
		if got := errs.String(); !strings.Contains(got, "no answer for 1:0") || strings.Count(got, "\n") != 1 {
			t.Errorf("stderr %q, want one line with the reason", got)
		}
	})
}

func TestAnUnwantedProgressShowsNothing(t *testing.T) {
	for _, o := range []*output{{progress: "auto", json: true}, {progress: "auto", quiet: true}, {progress: "never"}} {
		if p := newProgress(newConsole(nil, nil), o, realPace); p != nil {
			t.Errorf("%+v: there is a progress", o)
		}
	}
	var none *progress
	none.update(reconcile.Progress{})
	none.waiting(core.Wait{})
	none.does("x")
	none.ended()
}
