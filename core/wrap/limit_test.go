package wrap_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// slow takes a second for each Stat and notes how many run at once.
type slow struct {
	core.Backend
	mu        sync.Mutex
	now, most int
}

func (s *slow) Stat(ctx context.Context, key string) (core.Entry, error) {
	s.mu.Lock()
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	time.Sleep(time.Second)
	s.mu.Lock()
	s.now--
	s.mu.Unlock()
	return s.Backend.Stat(ctx, key)
}

func TestLimitBoundsConcurrentOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{Backend: memory.New()}
		b := wrap.Limit(s, 3, 0)
		start := time.Now()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { _, _ = b.Stat(t.Context(), "f") })
		}
		wg.Wait()
		if took := time.Since(start); s.most != 3 || took != 4*time.Second {
			t.Errorf("%d at once for %s, want 3 for 4s", s.most, took)
		}
	})
}

func TestLimitWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := wrap.Limit(&slow{Backend: memory.New()}, 1, 0)
		var taken sync.WaitGroup
		taken.Go(func() { _, _ = b.Stat(t.Context(), "f") })
		defer taken.Wait()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := b.Stat(ctx, "g")
		wantError(t, "Stat", err, context.Canceled)
		_, _, err = b.Open(ctx, "g")
		wantError(t, "Open", err, context.Canceled)
		_, err = b.Put(ctx, file("g", ""), nil, nil)
		wantError(t, "Put", err, context.Canceled)
		wantError(t, "Delete", b.Delete(ctx, file("g", "")), context.Canceled)
	})
}

func TestLimitPacesBodiesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := wrap.Limit(memory.New(), 0, 100_000)
		content := strings.Repeat("x", 500_000)
		start := time.Now()
		put(t, b, "f", content)
		if took := time.Since(start).Seconds(); took < 4.8 || took > 5.1 {
			t.Errorf("500,000 bytes up at 100,000 a second took %.2f s", took)
		}
		start = time.Now()
		rc, _, err := b.Open(t.Context(), "f")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(rc)
		if took := time.Since(start).Seconds(); took < 4.8 || took > 5.1 || err != nil || string(got) != content {
			t.Errorf("%d bytes down at 100,000 a second took %.2f s, %v", len(got), took, err)
		}
	})
}

func TestLimitStopsABodyWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := wrap.Limit(memory.New(), 0, 1000)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		content := strings.Repeat("x", 50_000)
		_, err := b.Put(ctx, file("f", content), strings.NewReader(content), nil)
		wantError(t, "Put", err, context.DeadlineExceeded)
		wantNames(t, b, "")
	})
}

func TestBodiesKeepTheirAbilities(t *testing.T) {
	content := "0123456789"
	whole := bytes.NewReader([]byte(content))
	type reader struct{ io.Reader }
	type seeker struct{ io.ReadSeeker }
	type random struct {
		io.Reader
		io.ReaderAt
	}
	for name, body := range map[string]io.Reader{"file": whole, "reader": reader{whole}, "seeker": seeker{whole}, "random": random{whole, whole}} {
		var got io.Reader
		seen := capture{memory.New(), &got}
		if _, err := whole.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := wrap.Meter(seen, new(wrap.Counts), nil).Put(t.Context(), file("f", content), body, nil); err != nil {
			t.Fatal(err)
		}
		_, wantSeek := body.(io.Seeker)
		_, wantAt := body.(io.ReaderAt)
		_, seeks := got.(io.Seeker)
		at, reads := got.(io.ReaderAt)
		if seeks != wantSeek || reads != wantAt {
			t.Errorf("%s: seeks %v, reads at %v; want %v, %v", name, seeks, reads, wantSeek, wantAt)
		}
		if reads {
			p := make([]byte, 4)
			if n, err := at.ReadAt(p, 3); n != 4 || err != nil || string(p) != "3456" {
				t.Errorf("%s: ReadAt: %d, %v, %q", name, n, err, p)
			}
			if n, err := at.ReadAt(p, 8); n != 2 || err != io.EOF {
				t.Errorf("%s: ReadAt over the end: %d, %v", name, n, err)
			}
		}
	}
}

// capture keeps the body of the last Put.
type capture struct {
	*memory.Tree
	body *io.Reader
}

func (c capture) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	*c.body = body
	return c.Tree.Put(ctx, e, body, old)
}

// hashesFirst reads each body once for a hash, before it is stored.
type hashesFirst struct{ core.Backend }

func (h hashesFirst) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if _, err := io.Copy(io.Discard, core.Unpaced(body)); err != nil {
		return core.Entry{}, err
	}
	if _, err := body.(io.Seeker).Seek(0, io.SeekStart); err != nil {
		return core.Entry{}, err
	}
	return h.Backend.Put(ctx, e, body, old)
}

// TestAHashTakesNoBandwidth checks that only the bytes that are moved take time.
func TestAHashTakesNoBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := strings.Repeat("x", 500_000)
		took := func(b core.Backend) time.Duration {
			start := time.Now()
			if _, err := wrap.Limit(b, 0, 100_000).Put(t.Context(), file("f", content), strings.NewReader(content), nil); err != nil {
				t.Fatal(err)
			}
			return time.Since(start)
		}
		if once, twice := took(memory.New()), took(hashesFirst{memory.New()}); once != twice || once < 4*time.Second {
			t.Errorf("%s, and %s where it is hashed first; want the same", once, twice)
		}
	})
}
