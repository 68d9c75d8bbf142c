package cmd

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
)

// newLog returns the log of a run. It goes to stderr from warnings on, and with
// -v all of it; to the file of --log all of it; and waits go to the progress.
func newLog(con *console, o *output, p *progress) *slog.Logger {
	level := slog.LevelWarn
	switch {
	case o.quiet:
		level = slog.LevelError
	case o.verbose:
		level = slog.LevelDebug
	}
	handlers := fanOut{tint.NewTextHandler(con, &tint.Options{Level: level, TimeFormat: "15:04:05", NoColor: !con.errTTY || plain()})}
	if p != nil {
		handlers = append(handlers, waits{p})
	}
	if o.logFile != nil {
		handlers = append(handlers, slog.NewJSONHandler(o.logFile, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: readable}))
	}
	// net/http prints lines of its own, as when a server ends the answer to a HEAD
	// with a chunk: they are of use only to a person who looks for a cause.
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(handlers, slog.LevelDebug).Writer())
	return slog.New(handlers)
}

// openLog opens the file of --log, to which lines are added. It is closed with the
// run.
func (a *app) openLog(cmd *cobra.Command, o *output) error {
	if o.log == "" {
		return nil
	}
	f, err := os.OpenFile(o.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return usageError(cmd, "--log: %v", err)
	}
	a.log = &sink{name: "the file of --log", w: f}
	o.logFile = a.log
	a.atEnd = append(a.atEnd, func() { _ = f.Close() }) // each line was written at once
	return nil
}

// readable returns a duration of a log line as text, such as 1.5s.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().Round(time.Millisecond).String())
	}
	return a
}

// fanOut is a handler that passes records to several.
type fanOut []slog.Handler

// Enabled implements slog.Handler.
func (f fanOut) Enabled(ctx context.Context, l slog.Level) bool {
	for _, h := range f {
		if h.Enabled(ctx, l) {
			return true
		}
	}
	return false
}

// Handle implements slog.Handler.
func (f fanOut) Handle(ctx context.Context, r slog.Record) error {
	var errs []error
	for _, h := range f {
		if h.Enabled(ctx, r.Level) {
			errs = append(errs, h.Handle(ctx, r.Clone()))
		}
	}
	return errors.Join(errs...)
}

// WithAttrs implements slog.Handler.
func (f fanOut) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := make(fanOut, len(f))
	for i, h := range f {
		out[i] = h.WithAttrs(attrs)
	}
	return out
}

// WithGroup implements slog.Handler.
func (f fanOut) WithGroup(name string) slog.Handler {
	out := make(fanOut, len(f))
	for i, h := range f {
		out[i] = h.WithGroup(name)
	}
	return out
}

// waits is a handler that passes waits to the progress, and ignores all else.
type waits struct{ to *progress }

// Enabled implements slog.Handler.
func (waits) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (w waits) Handle(_ context.Context, r slog.Record) error {
	if wait, ok := core.WaitOf(r); ok {
		w.to.waiting(wait)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (w waits) WithAttrs([]slog.Attr) slog.Handler { return w }

// WithGroup implements slog.Handler.
func (w waits) WithGroup(string) slog.Handler { return w }
