// Package cmd is the command line of s3fc. A program of one's own that knows
// more stores is three lines: make a [core.Mux], register the stores, and
// return what [Main] returns.
package cmd

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// The exit codes. An interrupted run exits with 128 and the signal's number.
const (
	exitDone    = 0
	exitFailed  = 1 // something failed or conflicted, or the trees differ
	exitUsage   = 2
	exitGuarded = 3 // a guard stopped the run before any write
)

// Main runs the command line args, which do not hold the program's name, with
// the stores of mux, and returns the exit code. A first SIGINT or SIGTERM ends
// the run in good order, a second one at once.
func Main(mux *core.Mux, args []string) int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	return profiled(os.Stderr, func() int { return Run(ctx, mux, args, os.Stdin, os.Stdout, os.Stderr) })
}

// Run is [Main] without signals, for tests and for use inside other programs:
// the end of ctx interrupts it. It may be called concurrently.
func Run(ctx context.Context, mux *core.Mux, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{mux: mux, con: newConsole(stdout, stderr)}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	unwatch := a.watch(ctx)
	err := root.ExecuteContext(ctx)
	unwatch()
	if code, interrupted := interruption(ctx); interrupted && err != nil {
		return code
	}
	return a.exitCode(err)
}

// app is what the commands of one run share.
type app struct {
	mux *core.Mux
	con *console
}

// watch says so when ctx is interrupted, until unwatch returns.
func (a *app) watch(ctx context.Context) (unwatch func()) {
	said := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		if _, ok := interruption(ctx); ok {
			a.con.remark("s3fc: interrupted: what is in flight is ended in good order; once more to exit at once")
		}
	})
	return func() {
		if !stop() {
			<-said
		}
	}
}

// exitError ends the program with a code of its own. Its message, if it has
// one, was not printed yet.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "failed"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// errSaid ends the program with code 1 when all there is to say was said.
var errSaid = &exitError{code: exitFailed}

// exitCode prints what is wrong, and returns the code for it.
func (a *app) exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitDone
	case !errors.As(err, &e):
		e = &exitError{exitFailed, err}
	}
	if e.err != nil {
		for line := range strings.SplitSeq("s3fc: "+e.err.Error(), "\n") {
			a.con.remark(inert(line))
		}
	}
	return e.code
}

// guarded are the errors that stop a run before its first write.
var guarded = []error{core.ErrBudget, core.ErrEmptySource, core.ErrTooManyDeletes, core.ErrTooManyRoutes}

func isGuard(err error) bool {
	for _, g := range guarded {
		if errors.Is(err, g) {
			return true
		}
	}
	return false
}
