package cmd

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/mattn/go-runewidth"
)

// liveArea is a few lines at the end of a terminal that are drawn again and again,
// below all other output. Each change is one write, so that nothing flickers, and
// leaves the cursor behind the last line: the ^C that a terminal echoes stands there
// and is gone with the next change. It is safe for concurrent use.
type liveArea struct {
	out     io.Writer
	columns func() int

	mu    sync.Mutex
	lines []string // as drawn
}

// draw replaces the lines. Each has to be narrower than the terminal.
func (l *liveArea) draw(lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Equal(lines, l.lines) {
		return
	}
	var b strings.Builder
	l.home(&b)
	l.lines = lines
	l.paint(&b)
	_, _ = io.WriteString(l.out, b.String()) // there is nobody who could be told
}

// above writes whole lines of text above the area.
func (l *liveArea) above(text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	l.home(&b)
	b.WriteString("\x1b[J" + text)
	l.paint(&b)
	_, err := io.WriteString(l.out, b.String())
	return err
}

// clear takes the lines away.
func (l *liveArea) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	l.home(&b)
	b.WriteString("\x1b[J")
	l.lines = nil
	_, _ = io.WriteString(l.out, b.String()) // as above
}

// home writes the codes that move the cursor to the beginning of the area. In a
// terminal that has become narrower since, a line takes more than one row.
func (l *liveArea) home(b *strings.Builder) {
	b.WriteString("\r")
	if up := l.rows() - 1; up > 0 {
		fmt.Fprintf(b, "\x1b[%dA", up)
	}
}

func (l *liveArea) rows() (rows int) {
	columns := max(1, l.columns())
	for _, line := range l.lines {
		rows += max(1, (runewidth.StringWidth(line)+columns-1)/columns)
	}
	return rows
}

// paint writes the lines over those that are there.
func (l *liveArea) paint(b *strings.Builder) {
	for i, line := range l.lines {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(line + "\x1b[K")
	}
	b.WriteString("\x1b[J")
}
