package cmd

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/s3fc/s3fc/core/reconcile"
)

func TestBarLine(t *testing.T) {
	half := reconcile.Progress{Phase: reconcile.PhaseFiles, Done: 50, Total: 100, DoneBytes: 5 << 20, TotalBytes: 10 << 20}
	for _, tt := range []struct {
		p       reconcile.Progress
		elapsed time.Duration
		width   int
		want    string
	}{
		{reconcile.Progress{Listed: 12345}, 0, 80, "comparing  12,345 entries"},
		{half, 0, 60, "copying ██████████████░░░░░░░░░░░░░░  50/100  5.0 MiB/10 MiB"},
		{half, 10 * time.Second, 75, "copying ██████████░░░░░░░░░░░  50/100  5.0 MiB/10 MiB  512 KiB/s  0:10 left"},
		{half, 10 * time.Second, 20, "copying   50/100  5."},
		{reconcile.Progress{Phase: reconcile.PhaseDeletes}, 0, 80, "deleting"},
	} {
		s := &barState{Progress: tt.p}
		got := s.line(tt.elapsed, tt.width)
		if !strings.HasPrefix(got, tt.want[:8]) || utf8.RuneCountInString(got) > tt.width {
			t.Errorf("%q in %d columns", got, tt.width)
		}
		if got != tt.want {
			t.Errorf("the bar is\n%q, want\n%q", got, tt.want)
		}
	}
}

func TestTimeInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0:00", 59500 * time.Millisecond: "1:00", 3725 * time.Second: "1:02:05"} {
		if got := clock(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestBarComesAfterAWhileAndGoesAway(t *testing.T) {
	var out, err bytes.Buffer
	con := newConsole(&out, &err)
	b := newBar(t.Context(), con, &output{progress: "always"})
	b.update(reconcile.Progress{Listed: 7})
	time.Sleep(2 * barDelay)
	con.print("a line\n")
	b.end()
	b.end()
	con.print("the summary\n")
	if !strings.Contains(err.String(), "comparing  7 entries") {
		t.Errorf("stderr %q, want the bar", err.String())
	}
	if got, want := out.String(), "a line\nthe summary\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
}

func TestABarThatNobodyWantsShowsNothing(t *testing.T) {
	var err bytes.Buffer
	b := newBar(t.Context(), newConsole(nil, &err), &output{progress: "auto"})
	b.update(reconcile.Progress{})
	b.end()
	if b != nil || err.Len() > 0 {
		t.Errorf("a bar without a terminal: %q", err.String())
	}
}
