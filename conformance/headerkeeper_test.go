//go:build unix

package conformance_test

import (
	"context"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// headerSetter is a memory whose SetHeaders is broken.
type headerSetter struct {
	*memory.Tree
	careless, greedy bool
}

func (h headerSetter) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if now, err := h.Stat(ctx, old.Key); err == nil {
		if h.careless {
			old = now
		}
		if h.greedy {
			drop = now.Headers.Names()
		}
	}
	return h.Tree.SetHeaders(ctx, old, set, drop)
}
