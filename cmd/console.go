package cmd

import (
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// console is where a run speaks to its user: lines on stdout, and problems,
// remarks and progress on stderr. It is safe for concurrent use.
type console struct {
	mu       sync.Mutex
	out, err io.Writer
	outTTY   bool
	errTTY   bool
	// above, while there is a progress bar, is where lines for the terminal go
	// so that they do not run into it.
	above io.Writer
}

func newConsole(out, err io.Writer) *console {
	return &console{out: out, err: err, outTTY: isTerminal(out), errTTY: isTerminal(err)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// print writes text to stdout, line by line as they come.
func (c *console) print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(c.out, c.outTTY, text)
}

// remark writes a line to stderr.
func (c *console) remark(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(c.err, c.errTTY, line+"\n")
}

func (c *console) write(w io.Writer, tty bool, text string) {
	if tty && c.above != nil {
		if _, err := io.WriteString(c.above, text); err == nil {
			return
		}
	}
	_, _ = io.WriteString(w, text) // nobody is left to be told
}

func (c *console) setAbove(w io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.above = w
}

// Write implements io.Writer: what a log writes to stderr.
func (c *console) Write(p []byte) (int, error) {
	c.remark(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// plain reports whether the user wants no colours and nothing that moves.
func plain() bool {
	return os.Getenv("NO_COLOR") != "" || dumb()
}

func dumb() bool { return os.Getenv("TERM") == "dumb" }

// colour is a terminal's code for one.
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
