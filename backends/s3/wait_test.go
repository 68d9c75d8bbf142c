package s3

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// waits is a log handler that keeps the waits.
type waits struct {
	mu  sync.Mutex
	all []core.Wait
}

func (w *waits) Enabled(context.Context, slog.Level) bool { return true }
func (w *waits) Handle(_ context.Context, r slog.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if wait, ok := core.WaitOf(r); ok {
		w.all = append(w.all, wait)
	}
	return nil
}
func (w *waits) WithAttrs([]slog.Attr) slog.Handler { return w }
func (w *waits) WithGroup(string) slog.Handler      { return w }

func TestEachPauseBetweenTriesIsLoggedWithItsCause(t *testing.T) {
	for cause, answer := range map[string]struct {
		status int
		code   string
	}{"SlowDown": {503, "SlowDown"}, "InternalError": {500, "InternalError"}, "502 Bad Gateway": {502, ""}} {
		h := new(waits)
		url := refuser(t, answer.status, answer.code, "wait")
		tree := openAt(t, url, Options{MaxAttempts: 3, MaxBackoff: 1, Env: core.Env{Log: slog.New(h)}})
		if err := listError(t.Context(), tree); err == nil {
			t.Fatal("no error")
		}
		h.mu.Lock()
		if len(h.all) < 2 {
			t.Fatalf("%s: %d waits, want at least 2", cause, len(h.all))
		}
		for i, w := range h.all[:2] {
			if w.For != strings.TrimPrefix(url, "http://") || w.Try != i+2 || w.Of != 3 || w.Cause != cause {
				t.Errorf("%s: wait %d is %+v", cause, i, w)
			}
		}
		h.mu.Unlock()
	}
}
