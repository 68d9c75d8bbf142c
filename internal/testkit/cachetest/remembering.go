// Package cachetest puts a memory around backends for the tests that every
// backend passes, so that they run with the caches on as well.
package cachetest

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/cache"
)

// Remembering is open with a memory in a directory of its own. The memory is
// closed and opened again before each listing from the beginning, as it is from
// run to run, and also stays from a run with faults to the next without.
func Remembering(open conformance.Open) conformance.Open {
	return func(t testing.TB) core.Backend {
		m := &memory{dir: t.TempDir()}
		t.Cleanup(m.close)
		return &tree{memory: m, inner: open(t)}
	}
}

// A memory is the cache of one tree, shared by all its decorated forms.
type memory struct {
	dir string

	mu    sync.Mutex
	of    *tree // whose run this is
	store *cache.Store
	over  core.Backend
}

// now is of's tree in its current run; anew begins another one.
func (m *memory) now(of *tree, anew bool) core.Backend {
	m.mu.Lock()
	defer m.mu.Unlock()
	if anew || m.of != of {
		if m.store != nil {
			m.store.Close()
		}
		m.of, m.store = of, cache.Open(m.dir, "tree", slog.New(slog.DiscardHandler))
		m.over = cache.Over(of.inner, m.store)
	}
	return m.over
}

func (m *memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.store != nil {
		m.store.Close()
	}
}

// tree is a backend that begins a run with each listing.
type tree struct {
	memory *memory
	inner  core.Backend
}

var _ conformance.Breakable = (*tree)(nil)

// Broken implements [conformance.Breakable]: the faults are below the memory.
func (t *tree) Broken(how func(core.Backend) core.Backend) core.Backend {
	return &tree{memory: t.memory, inner: how(t.inner)}
}

func (t *tree) Unwrap() core.Tree { return t.memory.now(t, false) }

func (t *tree) Features() core.Features { return t.inner.Features() }

func (t *tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.memory.now(t, after == "").List(ctx, after)
}

func (t *tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	return t.memory.now(t, false).Stat(ctx, key)
}

func (t *tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	return t.memory.now(t, false).Open(ctx, key)
}

func (t *tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	return t.memory.now(t, false).Put(ctx, e, body, old)
}

func (t *tree) Delete(ctx context.Context, old core.Entry) error {
	return t.memory.now(t, false).Delete(ctx, old)
}
