//go:build unix

package conformance_test

import (
	"context"
	"io"
	"maps"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
)

// headerKeeper is a memory that keeps headers, unless it is broken.
type headerKeeper struct {
	*memory.Tree
	mu            sync.Mutex
	headers       map[string]core.Headers
	stale, forget bool
}

func (k *headerKeeper) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	out, err := k.Tree.Put(ctx, e, body, old)
	if err != nil || k.forget {
		return out, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.headers == nil {
		k.headers = make(map[string]core.Headers)
	}
	now, was := new(core.Headers), k.headers[e.Key]
	if e.Headers != nil {
		now = e.Headers
	}
	if k.stale {
		now = now.Over(&was)
	}
	copied := *now
	copied.Metadata = maps.Clone(now.Metadata)
	k.headers[e.Key] = copied
	return out, nil
}

func (k *headerKeeper) Headers(ctx context.Context, key string) (*core.Headers, error) {
	if _, err := k.Stat(ctx, key); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.headers[key]
	return &h, nil
}

func TestAHeaderKeeperThatKeepsItsPromisePasses(t *testing.T) {
	for _, c := range conformance.Checks() {
		if c.Name == "HeaderKeeper" {
			if err := c.Run(t.Context(), conformance.Store{Backend: &headerKeeper{Tree: memory.New()}}); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Error("there is no case HeaderKeeper")
}
