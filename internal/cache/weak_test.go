package cache_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
)

// byTime is a store that knows a version by its size and modification time, and that
// knows no md5.
type byTime struct{ core.Backend }

func newByTime() byTime {
	f := memory.All
	f.StoresMD5, f.Create, f.Replace = false, core.GuardNone, core.GuardNone
	return byTime{memory.NewWith(f)}
}

func (b byTime) Features() core.Features {
	f := b.Backend.Features()
	f.Resolution = time.Second
	return f
}

// weak is e as this store shows it. Its time is old, so it is settled.
func weak(e core.Entry) core.Entry {
	e.Token, e.Changed = fmt.Sprintf("%d %d", e.Size, e.ModTime.Unix()), time.Time{}
	e.Settled = time.Since(e.ModTime) > time.Minute
	return e
}

func (b byTime) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range b.Backend.List(ctx, after) {
			if !yield(weak(e), err) {
				return
			}
		}
	}
}

func (b byTime) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := b.Backend.Stat(ctx, key)
	return weak(e), err
}

func (b byTime) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := b.Backend.Open(ctx, key)
	return body, weak(e), err
}

func (b byTime) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	stored, err := b.Backend.Put(ctx, e, body, old)
	return weak(stored), err
}

// TestAVersionThatComesAgainIsNotTakenForTheOld checks that a put into a store of
// weak versions displaces the record of another content of the same size and time,
// which reproducible builds have by the thousand.
func TestAVersionThatComesAgainIsNotTakenForTheOld(t *testing.T) {
	built := time.Unix(1_000_000_000, 0)
	r := &reopened{t: t, inner: newByTime(), dir: t.TempDir()}
	r.open()
	put := func(content string) core.Entry {
		t.Helper()
		e := core.Entry{Key: "f", Kind: core.File, Size: int64(len(content)), ModTime: built}
		stored, err := r.Put(t.Context(), e, strings.NewReader(content), nil)
		if err != nil {
			t.Fatal(err)
		}
		return stored
	}
	known := func() (sum core.MD5) {
		t.Helper()
		for e, err := range r.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			sum = e.MD5
		}
		return sum
	}
	first := put("content A")
	first.MD5 = core.SumMD5([]byte("content A"))
	r.Backend.(core.Rememberer).Remember(first)
	r.again()
	if got := known(); got != first.MD5 {
		t.Fatalf("the md5 of a settled file: got %q, want %s", got, first.MD5)
	}
	put("content B")
	if got := known(); got == first.MD5 {
		t.Error("the md5 of the first content is told of the second, in the same run")
	}
	r.again()
	if got := known(); got == first.MD5 {
		t.Error("the md5 of the first content is told of the second, in the next run")
	}
}

// TestOnlySettledEntriesAreRemembered checks that a file of a weak version is read
// again until its time is older than the resolution.
func TestOnlySettledEntriesAreRemembered(t *testing.T) {
	for _, c := range []struct {
		changed time.Time
		known   bool
	}{{time.Now(), false}, {time.Now().Add(-time.Hour), true}} {
		r := &reopened{t: t, inner: newByTime(), dir: t.TempDir()}
		r.open()
		e := core.Entry{Key: "f", Kind: core.File, Size: 1, ModTime: c.changed}
		stored, err := r.Put(t.Context(), e, strings.NewReader("x"), nil)
		if err != nil {
			t.Fatal(err)
		}
		stored.MD5 = core.SumMD5([]byte("x"))
		r.Backend.(core.Rememberer).Remember(stored)
		r.again()
		for e := range r.List(t.Context(), "") { //nolint:errcheck // The entries tell.
			if e.MD5.Known() != c.known {
				t.Errorf("changed %s ago: the md5 is remembered: %t", time.Since(c.changed).Round(time.Second), e.MD5.Known())
			}
		}
	}
}
