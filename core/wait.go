package core

import (
	"context"
	"log/slog"
	"time"
)

// A Wait says that an operation failed in a way that may pass, and will be tried
// again. Backends log it, so that a run can show why it does not get on.
type Wait struct {
	For   string        // the server, or another name of the store
	Cause string        // in a few words
	Try   int           // the number of the next try, from 2
	Of    int           // the most tries, or 0 if that depends
	Next  time.Duration // until the next try
}

// waitMessage is the message of the records that [Wait.Log] writes.
const waitMessage = "waiting to try again"

// Log writes w to log, at the level of debugging.
func (w Wait) Log(ctx context.Context, log *slog.Logger) {
	log.LogAttrs(ctx, slog.LevelDebug, waitMessage, slog.String("for", w.For), slog.String("cause", w.Cause),
		slog.Int("try", w.Try), slog.Int("of", w.Of), slog.Duration("next", w.Next))
}

// WaitOf returns the Wait that a log record was made of.
func WaitOf(r slog.Record) (w Wait, ok bool) {
	if r.Message != waitMessage {
		return Wait{}, false
	}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "for":
			w.For = a.Value.String()
		case "cause":
			w.Cause = a.Value.String()
		case "try":
			w.Try = int(a.Value.Int64())
		case "of":
			w.Of = int(a.Value.Int64())
		case "next":
			w.Next = a.Value.Duration()
		}
		return true
	})
	return w, true
}
