package core

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

// keeping is a handler that keeps the last record.
type keeping struct{ last slog.Record }

func (k *keeping) Enabled(context.Context, slog.Level) bool { return true }
func (k *keeping) Handle(_ context.Context, r slog.Record) error {
	k.last = r
	return nil
}
func (k *keeping) WithAttrs([]slog.Attr) slog.Handler { return k }
func (k *keeping) WithGroup(string) slog.Handler      { return k }

func TestAWaitComesBackFromItsLogRecord(t *testing.T) {
	h := new(keeping)
	log := slog.New(h)
	want := Wait{For: "s3.example.net", Cause: "503 SlowDown", Try: 3, Of: 8, Next: 4 * time.Second}
	want.Log(t.Context(), log)
	if got, ok := WaitOf(h.last); !ok || got != want {
		t.Errorf("WaitOf = %+v, %v; want %+v", got, ok, want)
	}
	log.Debug("something else", "try", 3)
	if _, ok := WaitOf(h.last); ok {
		t.Error("another record is taken for a wait")
	}
}
