package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i *interrupted) Error() string { return "interrupted by " + i.signal.String() }

func (i *interrupted) code() int { return 128 + int(i.signal) }

// interruptible returns a context that SIGINT, SIGTERM or SIGHUP ends. A second
// signal ends the process. SIGHUP stays ignored where it is, as under nohup. A pipe
// that nobody reads any more is an error of the write instead of a signal, so that
// the run can end in good order. stop restores the signals.
func interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		for first := true; ; first = false {
			select {
			case <-done:
				return
			case s := <-signals:
				why := &interrupted{s.(syscall.Signal)}
				if !first {
					os.Exit(why.code())
				}
				cancel(why)
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Reset(syscall.SIGPIPE)
		close(done)
		cancel(nil)
	}
}

// interruption returns the exit code of a run whose context a signal ended.
func interruption(ctx context.Context) (code int, ok bool) {
	var why *interrupted
	if !errors.As(context.Cause(ctx), &why) {
		return 0, false
	}
	return why.code(), true
}

// unread reports whether a run was interrupted because no process reads its output
// any more.
func unread(ctx context.Context) bool {
	var why *interrupted
	return errors.As(context.Cause(ctx), &why) && why.signal == syscall.SIGPIPE
}
