package kit

import (
	"fmt"
	"sync"
	"time"

	"github.com/s3fc/s3fc/core"
)

// coarseTime is the coarsest resolution that a file system has for modification
// times.
const coarseTime = 2 * time.Second

// LostTimes counts the modification times that a file system could not keep: it
// stores the nearest that it can, or none. It is safe for concurrent use.
type LostTimes struct {
	mu    sync.Mutex
	n     int
	first core.Entry // as it was to be
	got   time.Time
}

// Compare counts the file e, stored with the time got.
func (l *LostTimes) Compare(e core.Entry, got time.Time) {
	if e.Kind != core.File || e.ModTime.IsZero() || e.ModTime.Sub(got).Abs() < coarseTime {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; l.n == 1 {
		l.first, l.got = e, got
	}
}

// Note returns a remark about the lost times, if there are any, and forgets them.
func (l *LostTimes) Note() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == 0 {
		return nil
	}
	n := l.n
	l.n = 0
	return []string{fmt.Sprintf("The destination cannot keep some modification times, %d in all: %s, of %s, has %s now.",
		n, core.DisplayKey(l.first.Key), day(l.first.ModTime), day(l.got))}
}

// day returns the day of t, in any year.
func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
