package faults

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/s3server"
)

// destination is the name of a destination's memory.
const destination = "destination"

var quiet = slog.New(slog.DiscardHandler)

// settleTime is longer than the clocks of the disks tick that tests run on.
const settleTime = 20 * time.Millisecond

// settled waits until the files may be remembered.
func settled() { time.Sleep(settleTime + 10*time.Millisecond) }

// ways are the two ways to run each test: without a cache, and with it. With a
// cache, the store's listings tell nothing, so that all is asked, and then
// remembered.
var ways = []way{{name: "no cache"}, {name: "cache", on: true}}

type way struct {
	name string
	on   bool
}

func (w way) quirks() s3server.Option {
	if w.on {
		return s3server.KMS
	}
	return s3server.With()
}

// caches returns a new directory for the cache, if there is one.
func (w way) caches(t testing.TB) string {
	if !w.on {
		return ""
	}
	return t.TempDir()
}

// ahead makes a server's clock run ahead, so that all its objects look old.
func ahead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}

// A pair is a source, a destination, and the directory of their caches; "" for
// none.
type pair struct {
	src, dst core.Backend
	caches   string
}

// run copies as a run of the program does.
func (p pair) run(ctx context.Context, t testing.TB, jobs int) (all bool, err error) {
	t.Helper()
	if p.caches != "" {
		settled()
	}
	src, dst, done := p.remembering()
	defer done()
	return copyTree(ctx, t, src, dst, jobs)
}

// remember makes a run from an equal source fill the cache of dst.
func remember(t testing.TB, caches string, src core.Tree, dst core.Backend) {
	t.Helper()
	if caches == "" {
		return
	}
	settled()
	d := cache.Open(caches, destination, quiet)
	all, err := copyTree(t.Context(), t, src, cache.Over(dst, d), 4)
	if d.Close(); !all {
		t.Fatal(err)
	}
	remembers(t, caches)
}

// remembering returns the two trees with their caches, until done.
func (p pair) remembering() (src, dst core.Backend, done func()) {
	if p.caches == "" {
		return p.src, p.dst, func() {}
	}
	s, d := cache.Open(p.caches, "source", quiet), cache.Open(p.caches, destination, quiet)
	return cache.Over(p.src, s), cache.Over(p.dst, d), func() { s.Close(); d.Close() }
}

// remembers checks that something was remembered in dir, or nothing without one.
func remembers(t testing.TB, dir string) {
	t.Helper()
	if dir == "" {
		return
	}
	all, err := cache.Memories(dir)
	entries := int64(0)
	for _, m := range all {
		entries += m.Entries
	}
	if err != nil || entries == 0 {
		t.Errorf("what is remembered: %+v, %v; want something", all, err)
	}
}

// openDir opens a directory whose files are soon settled.
func openDir(t testing.TB, dir string) *localfs.Tree {
	t.Helper()
	tree, err := localfs.New(dir, localfs.Options{SettleTime: settleTime})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	return tree
}
