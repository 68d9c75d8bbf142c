package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// console is where a run speaks to its user: lines on stdout, and problems,
// remarks and progress on stderr. It is safe for concurrent use.
type console struct {
	mu     sync.Mutex
	stdout *sink
	out    io.Writer // for lines: stdout, or err where stdout has something else
	err    io.Writer
	outTTY bool
	errTTY bool
	// outColumns and errColumns return the widths of the terminals.
	outColumns, errColumns func() int
	// live, while there is a progress bar, is the place of it: other lines for the
	// terminal are written above it.
	live *liveArea
}

func newConsole(out, err io.Writer) *console {
	o := &sink{name: "the output", w: out}
	return &console{
		stdout: o, out: o, err: err, outTTY: isTerminal(out), errTTY: isTerminal(err),
		outColumns: func() int { return terminalColumns(out) }, errColumns: func() int { return terminalColumns(err) },
	}
}

// isTerminal reports whether w is a terminal that obeys codes.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && movesCursor(f)
}

// sink is the standard output, or another file of lines. It remembers the first write
// that failed, since output that is cut must not look complete. It is safe for
// concurrent use.
type sink struct {
	name string
	w    io.Writer

	mu     sync.Mutex
	failed error
	lost   func(error) // called once, if not nil, with the first failure
}

// Write implements io.Writer. After a failure it writes nothing any more.
func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return 0, s.failed
	}
	n, err := s.w.Write(p)
	if err != nil {
		s.failed = fmt.Errorf("%s cannot be written: %w", s.name, err)
		if s.lost != nil {
			s.lost(err)
		}
	}
	return n, err
}

// err returns the first failure.
func (s *sink) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// terminalColumns is the width of the terminal that w is, of 80 columns if it does
// not tell.
func terminalColumns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

// print writes text to stdout.
func (c *console) print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(c.out, c.outTTY, text)
}

// say writes lines of prose to stdout, on a terminal broken between words.
func (c *console) say(lines string) {
	if c.outTTY && !dumb() {
		lines = wrapped(lines, c.outColumns())
	}
	c.print(lines + "\n")
}

// remark writes lines to stderr, on a terminal broken between words.
func (c *console) remark(lines string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.errTTY && !dumb() {
		lines = wrapped(lines, c.errColumns())
	}
	c.write(c.err, c.errTTY, lines+"\n")
}

func (c *console) write(w io.Writer, tty bool, text string) {
	if tty && c.live != nil {
		if err := c.live.above(text); err == nil {
			return
		}
	}
	_, _ = io.WriteString(w, text) // stdout remembers its error; of stderr, nobody can be told
}

// linesToStderr makes lines go to stderr, because stdout has something else.
func (c *console) linesToStderr() { c.out, c.outTTY, c.outColumns = c.err, c.errTTY, c.errColumns }

// setLive sets the place of the progress bar, nil for none.
func (c *console) setLive(l *liveArea) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live = l
}

// Write implements io.Writer: a log writes its lines to stderr.
func (c *console) Write(p []byte) (int, error) {
	c.remark(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// plain reports whether the user wants no colours, and nothing that moves.
func plain() bool {
	return os.Getenv("NO_COLOR") != "" || dumb()
}

func dumb() bool { return os.Getenv("TERM") == "dumb" }

// colour is a terminal's code for a colour.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	cyan   colour = "36"
	faint  colour = "2"
)

// outColour returns text in a colour if stdout shows colours; errColour does
// for stderr.
func (c *console) outColour(k colour, text string) string { return paint(c.outTTY, k, text) }
func (c *console) errColour(k colour, text string) string { return paint(c.errTTY, k, text) }

func paint(tty bool, k colour, text string) string {
	if !tty || plain() || text == "" {
		return text
	}
	return "\x1b[" + string(k) + "m" + text + "\x1b[0m"
}
