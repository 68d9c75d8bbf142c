package ranged

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/core"
)

// unit is the length of a range in tests, in bytes.
const unit = 64 << 10

// small is a rule by which tests need no large objects.
var small = Rule{Above: 2 * unit, Size: unit, Long: 4 * unit}

// budget is as much memory as the ranges ahead may take twice.
const budget = 2 * atOnce * unit

// source is an object in memory whose ranges are recorded.
type source struct {
	content []byte
	change  func(n int, off int64, body []byte) (io.Reader, error) // of the nth request, from 1; nil for none

	mu    sync.Mutex
	asked [][2]int64
}

var errBreaks = core.Transient(errors.New("the connection breaks off"))

func (s *source) get(_ context.Context, off, end int64) (io.ReadCloser, error) {
	s.mu.Lock()
	s.asked = append(s.asked, [2]int64{off, end})
	n := len(s.asked)
	s.mu.Unlock()
	var body io.Reader = bytes.NewReader(s.content[off:end])
	if s.change != nil {
		changed, err := s.change(n, off, s.content[off:end])
		if err != nil {
			return nil, err
		}
		if changed != nil {
			body = changed
		}
	}
	return io.NopCloser(body), nil
}

// open returns a reader whose first range was read already. At the end, all
// memory has to be given back.
func (s *source) open(ctx context.Context, t *testing.T) *Reader {
	t.Helper()
	pool := core.NewBuffers(budget)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := pool.Get(ctx, budget); err != nil {
			t.Error("memory was not given back")
		}
	})
	first := min(small.Size, int64(len(s.content)))
	return NewReader(ctx, s.object(pool), io.NopCloser(bytes.NewReader(s.content[:first])), first)
}

func (s *source) object(pool *core.Buffers) Object {
	return Object{
		Size: int64(len(s.content)), Get: s.get, Rule: small, Buffers: pool,
		Wait: func(ctx context.Context, _ int, _ error) bool { return ctx.Err() == nil },
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i)
	}
	return b
}

func readAll(r io.ReadCloser) ([]byte, error) {
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

func TestObjectIsReadInRanges(t *testing.T) {
	for _, size := range []int{1, 1000, unit, unit + 1, 8 * unit, 8*unit - 1, 8*unit + 1, unit*3 + 1234} {
		s := &source{content: pattern(size)}
		got, err := readAll(s.open(t.Context(), t))
		if err != nil || !bytes.Equal(got, s.content) {
			t.Errorf("%d bytes: %d were read, %v", size, len(got), err)
		}
		if n := (size - 1) / unit; len(s.asked) != n {
			t.Errorf("%d bytes: %d ranges were asked for; want %d", size, len(s.asked), n)
		}
	}
}

func TestRangesAreFetchedAtOnce(t *testing.T) {
	all := make(chan struct{})
	s := &source{content: pattern(9 * unit)}
	s.change = func(n int, _ int64, _ []byte) (io.Reader, error) {
		if n == atOnce-1 { // the first range of all was there
			close(all)
		}
		if n < atOnce {
			<-all // deadlock, if fewer were ever asked for at once
		}
		return nil, nil
	}
	if got, err := readAll(s.open(t.Context(), t)); err != nil || !bytes.Equal(got, s.content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestOnlyTheRestOfABrokenRangeIsAskedFor(t *testing.T) {
	s := &source{content: pattern(8 * unit)}
	for name, last := range map[string]error{"reset": errBreaks, "early end": io.EOF} {
		s.asked = nil
		s.change = func(_ int, off int64, body []byte) (io.Reader, error) {
			if off != 3*unit {
				return nil, nil
			}
			return io.MultiReader(bytes.NewReader(body[:100]), failing{last}), nil
		}
		got, err := readAll(s.open(t.Context(), t))
		if err != nil || !bytes.Equal(got, s.content) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if len(s.asked) != 8 || !slices.Contains(s.asked, [2]int64{3*unit + 100, 4 * unit}) {
			t.Errorf("%s: %v were asked for", name, s.asked)
		}
	}
}

// failing is a body that ends with an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestErrorsThatEndAnObject(t *testing.T) {
	final := errors.New("final")
	for name, c := range map[string]struct {
		err   error
		times int // that the failing range is asked for
	}{
		"for good": {final, 1}, "unfit": {core.Transient(ErrUnfit), 1}, "transient": {errBreaks, tries}, "early end": {core.Transient(io.ErrUnexpectedEOF), tries},
	} {
		asked := 0
		s := &source{content: pattern(8 * unit)}
		var mu sync.Mutex
		s.change = func(_ int, off int64, _ []byte) (io.Reader, error) {
			if off != 5*unit {
				return nil, nil
			}
			mu.Lock()
			defer mu.Unlock()
			asked++
			return nil, c.err
		}
		got, err := readAll(s.open(t.Context(), t))
		again := core.IsTransient(c.err) && c.times == 1
		if !errors.Is(err, errors.Unwrap(c.err)) && !errors.Is(err, c.err) || core.IsTransient(err) != again {
			t.Errorf("%s: %v; want %v", name, err, c.err)
		}
		if asked != c.times || !bytes.Equal(got, s.content[:5*unit]) {
			t.Errorf("%s: %d bytes were read, the range asked for %d times; want %d", name, len(got), asked, c.times)
		}
	}
}

func TestWithoutMemoryRangesAreLongAndComeStraightThrough(t *testing.T) {
	s := &source{content: pattern(9 * unit)}
	pool := core.NewBuffers(budget)
	all, err := pool.Get(t.Context(), budget)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Put(all)
	r := NewReader(t.Context(), s.object(pool), io.NopCloser(bytes.NewReader(s.content[:unit])), unit)
	if got, err := readAll(r); err != nil || !bytes.Equal(got, s.content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if want := [][2]int64{{unit, 5 * unit}, {5 * unit, 9 * unit}}; !slices.Equal(s.asked, want) {
		t.Errorf("%v were asked for; want %v", s.asked, want)
	}
}

func TestClosedOrCancelledReaderLeavesNothing(t *testing.T) {
	for name, end := range map[string]func(r io.Closer, cancel func()){
		"close":  func(r io.Closer, _ func()) { _ = r.Close() },
		"cancel": func(_ io.Closer, cancel func()) { cancel() },
	} {
		for _, read := range []int64{0, 1, unit + 1500, 8*unit - 1} {
			t.Run(fmt.Sprintf("%s after %d", name, read), func(t *testing.T) {
				ignore := goleak.IgnoreCurrent()
				s := &source{content: pattern(8 * unit)}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r := s.open(ctx, t)
				if _, err := io.CopyN(io.Discard, r, read); err != nil {
					t.Fatal(err)
				}
				end(r, cancel)
				if _, err := io.Copy(io.Discard, r); err == nil && name == "close" {
					t.Error("a closed reader goes on")
				}
				_ = r.Close() // a second time is harmless
				goleak.VerifyNone(t, ignore)
			})
		}
	}
}

// An object of one range is gone on with where its body breaks off, and is not cut
// where its body goes on.
func TestWholeObject(t *testing.T) {
	content := pattern(3 * unit)
	for name, c := range map[string]struct {
		first io.Reader
		asked [][2]int64
		err   error
	}{
		"whole":       {bytes.NewReader(content), nil, nil},
		"early end":   {bytes.NewReader(content[:100]), [][2]int64{{100, 3 * unit}}, nil},
		"reset":       {io.MultiReader(bytes.NewReader(content[:100]), failing{errBreaks}), [][2]int64{{100, 3 * unit}}, nil},
		"nothing":     {bytes.NewReader(nil), [][2]int64{{0, 3 * unit}}, nil},
		"goes on":     {io.MultiReader(bytes.NewReader(content), bytes.NewReader(content[:1])), nil, ErrLonger},
		"error after": {io.MultiReader(bytes.NewReader(content), failing{errBreaks}), nil, nil},
	} {
		s := &source{content: content}
		r := NewReader(t.Context(), s.object(nil), io.NopCloser(c.first), int64(len(content)))
		got, err := readAll(r)
		if !errors.Is(err, c.err) || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v; want %d, %v", name, len(got), err, len(content), c.err)
		}
		if !slices.Equal(s.asked, c.asked) {
			t.Errorf("%s: %v was asked for; want %v", name, s.asked, c.asked)
		}
	}
}

// A connection that breaks off again and again is gone on with as long as it brings
// something.
func TestProgressCountsAsAFirstTry(t *testing.T) {
	s := &source{content: pattern(40 * progress)}
	s.change = func(_ int, _ int64, body []byte) (io.Reader, error) {
		return io.MultiReader(bytes.NewReader(body[:min(len(body), progress)]), failing{errBreaks}), nil
	}
	o := s.object(nil)
	got, err := readAll(NewReader(t.Context(), o, io.NopCloser(failing{errBreaks}), o.Size))
	if err != nil || !bytes.Equal(got, s.content) || len(s.asked) != 40 {
		t.Errorf("%d bytes with %d requests, %v", len(got), len(s.asked), err)
	}
}

// Where one range is worth as much as several, an object is read in long ranges, and
// nothing is fetched ahead.
func TestOneRangeAtATime(t *testing.T) {
	s := &source{content: pattern(10 * unit)}
	pool := core.NewBuffers(budget)
	o := s.object(pool)
	o.Pace = &Pace{Few: 1, Many: 1, Far: 1}
	r := NewReader(t.Context(), o, io.NopCloser(bytes.NewReader(s.content[:unit])), unit)
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, s.content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if want := [][2]int64{{unit, 5 * unit}, {5 * unit, 9 * unit}, {9 * unit, 10 * unit}}; !slices.Equal(s.asked, want) {
		t.Errorf("asked for %v; want %v", s.asked, want)
	}
}
