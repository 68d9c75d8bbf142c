package sleep_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/sleep"
)

func TestForEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if err := sleep.For(ctx, time.Nanosecond); err != nil {
		t.Error(err)
	}
	time.AfterFunc(time.Millisecond, cancel)
	if err := sleep.For(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := sleep.For(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Error("a wait of no time ignores that its context has ended")
	}
}
