//go:build unix

package terminal

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// Rows is the height of the screen.
const Rows = 50

// A Terminal is a pseudo-terminal. It is safe for concurrent use.
type Terminal struct {
	t       testing.TB
	master  *os.File
	program *os.File
	done    chan struct{} // everything written was read

	mu     sync.Mutex
	screen *vt.Emulator
	raw    bytes.Buffer
}

// New returns a terminal of a number of columns, which ends with the test.
func New(t testing.TB, columns int) *Terminal {
	t.Helper()
	master, program, err := pty.Open()
	if err != nil {
		t.Skipf("NOT RUN: no pseudo-terminal: %v", err)
	}
	if err := pty.Setsize(program, &pty.Winsize{Cols: uint16(columns), Rows: Rows}); err != nil {
		t.Fatal(err)
	}
	term := &Terminal{t: t, master: master, program: program, done: make(chan struct{}), screen: vt.NewEmulator(columns, Rows)}
	go term.read()
	t.Cleanup(func() {
		term.Close()
		_ = master.Close()
	})
	return term
}

// File is the terminal as a program opens it.
func (t *Terminal) File() *os.File { return t.program }

// Type types keys: "\x03" is Ctrl-C.
func (t *Terminal) Type(keys string) {
	t.t.Helper()
	if _, err := t.master.WriteString(keys); err != nil {
		t.t.Fatal(err)
	}
}

// Close closes the program's side of the terminal, and waits until the screen shows
// everything that was written. It may be called more than once.
func (t *Terminal) Close() {
	_ = t.program.Close() // closed already the second time
	<-t.done
}

// HangUp takes the terminal away from the programs on it, as closing a window does.
func (t *Terminal) HangUp() {
	_ = t.program.Close()
	_ = t.master.Close()
}

// read shows what is written to the terminal, until no program has it open.
func (t *Terminal) read() {
	defer close(t.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := t.master.Read(buf)
		t.mu.Lock()
		_, _ = t.raw.Write(buf[:n])
		_, _ = t.screen.Write(buf[:n])
		t.mu.Unlock()
		if err != nil {
			return // EIO on Linux, EOF elsewhere: closed
		}
	}
}

// Screen is the text on the screen, without spaces at the ends of lines and without
// empty lines at the end.
func (t *Terminal) Screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for row := range Rows {
		var line strings.Builder
		for column := 0; column < t.screen.Width(); {
			cell := t.screen.CellAt(column, row)
			if cell == nil || cell.Width == 0 || cell.Content == "" {
				line.WriteByte(' ')
				column++
				continue
			}
			line.WriteString(cell.Content)
			column += cell.Width
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// Written is everything that was written to the terminal, with its codes.
func (t *Terminal) Written() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.raw.String()
}
