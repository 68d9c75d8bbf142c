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

// interruptible returns a context that SIGINT or SIGTERM ends. A second signal
// ends the process. stop lets go of the signals.
func interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
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
