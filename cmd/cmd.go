// Package cmd is the command line of s3fc: flags, reports and exit codes over
// package s3fc. It knows no store. A program with other stores, or with more, is a
// few lines: make a [Program] with a [core.Mux] of its schemes, and return the
// result of [Program.Main].
package cmd

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/s3fc/s3fc/core"
)

// defaultName is the name of a program that does not give one.
const defaultName = "s3fc"

// A Program is a command line with a name and stores.
type Program struct {
	// Name is the program's name in usage, hints and messages; "" is s3fc.
	Name string
	// Mux has the schemes of the stores.
	Mux *core.Mux
	// pace is that of the progress; the zero one is that of the clock.
	pace pace
}

// Main runs the command line args, which do not have the program's name, and
// returns the exit code. A first SIGINT or SIGTERM ends the run in good order, a
// second one at once.
func (p Program) Main(args []string) int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	return profiled(os.Stderr, func() int { return p.Run(ctx, args, os.Stdin, os.Stdout, os.Stderr) })
}

// Run is Main without signals, for tests and for use inside other programs: the
// end of ctx interrupts it. It may be called concurrently.
func (p Program) Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{name: cmp.Or(p.Name, defaultName), mux: p.Mux, con: newConsole(stdout, stderr), pace: p.pace}
	if a.pace.now == nil {
		a.pace = realPace
	}
	root := newRoot(a)
	a.nameIn(root)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(a.con.stdout)
	root.SetErr(stderr)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.con.stdout.lost = func(err error) {
		if errors.Is(err, syscall.EPIPE) {
			cancel(&interrupted{syscall.SIGPIPE})
		}
	}
	unwatch := a.watch(ctx)
	err := checkCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	unwatch()
	for _, f := range a.atEnd {
		f()
	}
	if code, interrupted := interruption(ctx); interrupted && (err != nil || unread(ctx)) {
		return code
	}
	return max(a.exitCode(err), a.outputCode(err))
}

// app is shared by the commands of one Run.
type app struct {
	name string
	mux  *core.Mux
	con  *console
	pace pace
	// log is the file of --log, nil for none.
	log *sink
	// bar is the progress of the run, if there is one.
	bar atomic.Pointer[progress]
	// endsBySignal says that a signal is the usual end of the command.
	endsBySignal atomic.Bool
	// atEnd are called once the command has ended.
	atEnd []func()
}

// endsFast is how long an interrupted run may take to end before it is said how it
// ends at once.
const endsFast = time.Second

// watch says so when ctx is interrupted, until unwatch returns: in the progress bar,
// or, where there is none, by a line if the run does not end soon.
func (a *app) watch(ctx context.Context) (unwatch func()) {
	ended, said := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		code, ok := interruption(ctx)
		if !ok || unread(ctx) || a.endsBySignal.Load() || a.bar.Load().interrupted() {
			return
		}
		if code == 128+int(syscall.SIGINT) && a.con.errTTY {
			a.con.remark("") // behind the ^C that the terminal shows
		}
		select {
		case <-ended:
		case <-time.After(endsFast):
			a.con.remark(a.name + ": interrupted: the transfers under way end first; once more to exit at once")
		}
	})
	return func() {
		close(ended)
		if !stop() {
			<-said
		}
	}
}

// outputCode prints that stdout or the file of --log could not be written, unless err
// says so, and returns the exit code for that.
func (a *app) outputCode(err error) (code int) {
	for _, s := range []*sink{a.con.stdout, a.log} {
		if s == nil || s.err() == nil {
			continue
		}
		if !errors.Is(err, errors.Unwrap(s.err())) {
			a.con.remark(inert(a.name + ": " + s.err().Error()))
		}
		code = exitFailed
	}
	return code
}

// exitCode prints the error, and returns the code for it.
func (a *app) exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	e := asExit(err)
	if e.err != nil {
		for line := range strings.SplitSeq(a.name+": "+e.err.Error(), "\n") {
			a.con.remark(inert(line))
		}
	}
	return e.code
}
