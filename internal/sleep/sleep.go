// Package sleep waits no longer than a context.
package sleep

import (
	"context"
	"time"
)

// For waits for d, or until ctx ends, and returns the error of ctx then. A d of 0
// or less does not wait.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
