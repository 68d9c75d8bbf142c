package cmd

import (
	"log/slog"

	"github.com/lmittmann/tint"
)

// newLog returns the log of a run, on stderr: warnings, and with -v what else a
// person who looks for the cause of something would want to know.
func newLog(con *console, o *output) *slog.Logger {
	level := slog.LevelWarn
	switch {
	case o.quiet:
		level = slog.LevelError
	case o.verbose:
		level = slog.LevelDebug
	}
	return slog.New(tint.NewTextHandler(con, &tint.Options{Level: level, TimeFormat: "15:04:05", NoColor: !con.errTTY || plain()}))
}
