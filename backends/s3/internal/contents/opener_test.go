package contents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/ranged"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// store is one object in memory, and how it is answered.
type store struct {
	content  []byte
	etag     string // with its quotes; empty: none
	header   http.Header
	noLength bool
	noRanges bool                                               // they are ignored
	cut      func(n int) int                                    // bytes after which the body of the nth GET ends; negative: never
	change   func(n int, r *wire.Request, a *wire.Answer) error // of the nth GET, from 1

	part int64 // of which a HEAD tells; 0: it is refused

	mu     sync.Mutex
	heads  int      // of a part
	gets   []string // their ranges, or "whole"
	lists  int
	listed listing.Object
}

func newStore(content string) *store {
	sum := core.SumMD5([]byte(content))
	s := &store{content: []byte(content), etag: format.QuoteETag(sum.String()), header: http.Header{}}
	s.listed = listing.Object{Key: "k", ETag: s.etag, Size: int64(len(content))}
	return s
}

func (s *store) opener() *Opener {
	return &Opener{
		Store: s, Can: new(ability.Set), Rule: ranged.Rule{Above: 100 << 10, Size: 64 << 10, Long: 256 << 10},
		Wait: func(ctx context.Context, _ int, _ error) bool { return ctx.Err() == nil },
		Page: func(context.Context) ([]listing.Object, error) { return nil, nil },
		Listed: func(context.Context, string) (listing.Object, error) {
			s.lists++
			if s.listed.Key == "" {
				return listing.Object{}, fs.ErrNotExist
			}
			return s.listed, nil
		},
	}
}

func (s *store) answer() *wire.Answer {
	h := maps.Clone(s.header)
	if s.etag != "" {
		h["Etag"] = []string{s.etag}
	}
	return &wire.Answer{Status: http.StatusOK, Header: h, Length: int64(len(s.content))}
}

func (s *store) Head(context.Context, string) (*wire.Answer, error) {
	a := s.answer()
	if s.noLength {
		a.Length = -1
	}
	return a, nil
}

func (s *store) Get(_ context.Context, r *wire.Request) (*wire.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, body := s.answer(), s.content
	if r.Method == http.MethodHead {
		return s.headOfPart(a)
	}
	var first, last int
	if n, _ := fmt.Sscanf(r.Get(wire.Range), "bytes=%d-%d", &first, &last); n == 2 && !s.noRanges {
		last = min(last, len(body)-1)
		a.Header["Content-Range"] = []string{fmt.Sprintf("bytes %d-%d/%d", first, last, len(body))}
		body = body[first : last+1]
		s.gets = append(s.gets, fmt.Sprintf("%d-%d", first, last))
	} else {
		s.gets = append(s.gets, "whole")
	}
	if a.Length = int64(len(body)); s.noLength {
		a.Length = -1
	}
	if s.cut != nil {
		if n := s.cut(len(s.gets)); n >= 0 {
			body = body[:min(n, len(body))]
		}
	}
	a.Body = io.NopCloser(bytes.NewReader(body))
	if s.change != nil {
		if err := s.change(len(s.gets), r, a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func read(t *testing.T, o *Opener, size int64) (string, core.Entry, error) {
	t.Helper()
	r, e, err := o.Open(t.Context(), Key{"k", "k"}, size)
	if err != nil || r == nil {
		return "", e, err
	}
	b, err := io.ReadAll(r)
	return string(b), e, errors.Join(err, r.Close())
}

func (s *store) check(t *testing.T, o *Opener, size int64, gets ...string) {
	t.Helper()
	got, e, err := read(t, o, size)
	if err != nil || got != string(s.content) || e.Size != int64(len(s.content)) {
		t.Errorf("read %d bytes of %d, %v; want %d", len(got), e.Size, err, len(s.content))
	}
	slices.Sort(s.gets) // ranges are asked for at once
	if slices.Sort(gets); !slices.Equal(s.gets, gets) {
		t.Errorf("sent GETs of %v; want %v", s.gets, gets)
	}
}

func TestOpen(t *testing.T) {
	s := newStore("content")
	s.check(t, s.opener(), 7, "whole")
	large := newStore(strings.Repeat("0123456789abcdef", 10<<10))
	large.check(t, large.opener(), int64(len(large.content)), "0-65535", "65536-131071", "131072-163839")
	if large.lists > 0 {
		t.Error("a listing was asked for")
	}
}

// The size that was listed counts where an answer has no length, and is never
// replaced by another number.
func TestAnswersWithoutALength(t *testing.T) {
	for name, c := range map[string]struct {
		size, lists int64
	}{"listed before": {7, 0}, "not listed before": {0, 1}} {
		s := newStore("content")
		s.noLength = true
		o := s.opener()
		s.check(t, o, c.size, "whole")
		if int64(s.lists) != c.lists || o.Can.Has(ability.Lengths) {
			t.Errorf("%s: %d LISTs, lengths: %v", name, s.lists, o.Can.Has(ability.Lengths))
		}
		s.gets = nil
		if e, err := o.Stat(t.Context(), Key{"k", "k"}); err != nil || e.Size != 7 {
			t.Errorf("%s: Stat: %+v, %v", name, e, err)
		}
	}
	large := newStore(strings.Repeat("0123456789abcdef", 10<<10))
	large.noLength = true
	large.check(t, large.opener(), int64(len(large.content)), "0-65535", "65536-131071", "131072-163839")
	whole := newStore(strings.Repeat("0123456789abcdef", 10<<10))
	whole.noLength, whole.noRanges = true, true
	whole.check(t, whole.opener(), int64(len(whole.content)), "whole", "whole")
}

func TestAnswersWithoutALengthThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*store)
		size   int64
		want   error
	}{
		"longer than listed":  {func(*store) {}, 6, core.ErrChanged},
		"shorter than listed": {func(s *store) { s.noRanges = true }, 8, io.ErrUnexpectedEOF},
		"another is listed":   {func(s *store) { s.listed.ETag = `"other"` }, 0, core.ErrChanged},
		"nothing is listed":   {func(s *store) { s.listed.Key = "" }, 0, fs.ErrNotExist},
	} {
		s := newStore("content")
		s.noLength = true
		c.change(s)
		if got, _, err := read(t, s.opener(), c.size); !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v; want %v", name, got, err, c.want)
		}
	}
}

// A body that ends early is gone on with, up to eight times, and never mixed with
// another version.
func TestBodiesThatEndEarly(t *testing.T) {
	once := func(n int) int {
		if n == 1 {
			return 3
		}
		return -1
	}
	s := newStore("content")
	s.cut = once
	s.check(t, s.opener(), 7, "whole", "3-6")

	s = newStore("content")
	s.cut, s.noRanges = once, true
	o := s.opener()
	s.check(t, o, 7, "whole", "whole", "whole")
	if o.Can.Has(ability.Ranges) {
		t.Error("the store is believed to give ranges")
	}

	s = newStore("content")
	s.cut = func(n int) int { return 0 }
	if _, _, err := read(t, s.opener(), 7); !errors.Is(err, io.ErrUnexpectedEOF) || core.IsTransient(err) || len(s.gets) != 8 {
		t.Errorf("%d GETs, %v; want 8 and an error for good", len(s.gets), err)
	}

	s = newStore("content")
	s.cut, s.etag = once, ""
	if _, _, err := read(t, s.opener(), 7); !errors.Is(err, ranged.ErrRestart) || !core.IsTransient(err) || strings.Contains(err.Error(), "times") || len(s.gets) != 1 {
		t.Errorf("without an ETag: %d GETs, %v; want 1, and an error that another try from the start may help", len(s.gets), err)
	}

	for name, change := range map[string]func(*store){
		"another version": func(s *store) { s.etag = `"other"` },
		"gone": func(s *store) {
			s.change = func(int, *wire.Request, *wire.Answer) error { return &wire.Error{Status: 404} }
		},
		"shorter": func(s *store) {
			s.change = func(int, *wire.Request, *wire.Answer) error { return &wire.Error{Status: 416} }
		},
	} {
		s = newStore("content")
		s.cut = once
		s.change = func(n int, _ *wire.Request, _ *wire.Answer) error {
			if n == 1 {
				s.change = nil
				change(s)
			}
			return nil
		}
		got, _, err := read(t, s.opener(), 7)
		if !errors.Is(err, core.ErrChanged) || core.IsTransient(err) || got != "con" {
			t.Errorf("%s: %q, %v; want con, ErrChanged", name, got, err)
		}
	}
}

// Without an ETag nothing tells whether the rest of a body is of the same version.
func TestNoRangesWithoutAnETag(t *testing.T) {
	s := newStore(strings.Repeat("0123456789abcdef", 10<<10))
	s.etag = ""
	s.check(t, s.opener(), int64(len(s.content)), "0-65535", "whole")

	s = newStore("content")
	s.etag, s.cut = "", func(n int) int { return 3 }
	o := s.opener()
	if got, _, err := read(t, o, 7); got != "con" || !errors.Is(err, ranged.ErrRestart) || len(s.gets) != 1 {
		t.Errorf("%q, %v, with GETs of %v", got, err, s.gets)
	}
}

// The condition of a range has the ETag as the store wrote it, unless no condition
// can hold.
func TestConditionsOfRanges(t *testing.T) {
	for etag, want := range map[string]string{`"x"`: `"x"`, `W/"x"`: "", "x": ""} {
		s := newStore("content")
		s.etag, s.listed.ETag = etag, etag
		s.cut = func(n int) int { return 3 + (n-1)*100 }
		s.change = func(n int, r *wire.Request, _ *wire.Answer) error {
			if got := r.Get(wire.IfMatch); n > 1 && got != want {
				t.Errorf("ETag %s: If-Match %s; want %s", etag, got, want)
			}
			return nil
		}
		s.check(t, s.opener(), 7, "whole", "3-6")
	}
}

func TestInflatedObjectsAreAskedForAsTheyAreStored(t *testing.T) {
	for name, h := range map[string]http.Header{
		"by Google":  {"X-Goog-Stored-Content-Encoding": {"gzip"}},
		"by a proxy": {"Warning": {"214 proxy \"Transformation Applied\""}},
	} {
		for _, size := range []int64{7, 1 << 20} {
			s := newStore("content")
			s.change = func(_ int, r *wire.Request, a *wire.Answer) error {
				if r.Get("Accept-Encoding") == "gzip" {
					a.Header["Content-Encoding"] = []string{"gzip"}
					return nil
				}
				maps.Copy(a.Header, h)
				a.Body, a.Length = io.NopCloser(strings.NewReader("inflated content")), -1
				return nil
			}
			got, e, err := read(t, s.opener(), size)
			if err != nil || got != "content" || e.Size != 7 || len(s.gets) != 2 {
				t.Errorf("%s: %q, %d bytes, %v, with %v", name, got, e.Size, err, s.gets)
			}
			s.change = func(_ int, _ *wire.Request, a *wire.Answer) error {
				maps.Copy(a.Header, h)
				return nil
			}
			if _, _, err := read(t, s.opener(), size); !errors.Is(err, errInflated) || errors.Is(err, core.ErrCorrupt) {
				t.Errorf("%s: %v; want the reason", name, err)
			}
		}
	}
	s := newStore("content")
	s.header.Set("X-Goog-Stored-Content-Encoding", "identity")
	s.check(t, s.opener(), 7, "whole")
}

func TestLinks(t *testing.T) {
	page := format.LinkPage("/a")
	link := func(s *store) { s.header.Set("X-Amz-Meta-Link-Target", "/a") }
	for name, c := range map[string]struct {
		content string
		change  func(*store)
		gets    int
	}{
		"a redirect":                 {"anything", func(s *store) { s.header.Set(wire.Redirect, "/a") }, 0},
		"a page":                     {string(page), link, 0},
		"a page under an opaque tag": {string(page), func(s *store) { link(s); s.header.Set(wire.Encryption, "aws:kms") }, 1},
	} {
		s := newStore(c.content)
		c.change(s)
		o := s.opener()
		e, err := o.Stat(t.Context(), Key{"k", "k"})
		if err != nil || e.Kind != core.Link || e.Target.Key != "a" || len(s.gets) != c.gets {
			t.Errorf("%s: Stat: %+v, %v, with %v", name, e, err, s.gets)
		}
		if r, e, err := o.Open(t.Context(), Key{"k", "k"}, 0); err != nil || r != nil || e.Kind != core.Link {
			t.Errorf("%s: Open: %v, %+v, %v", name, r, e, err)
		}
	}
	s := newStore(strings.Repeat("x", len(page)))
	link(s)
	s.header.Set(wire.Encryption, "aws:kms")
	s.check(t, s.opener(), 0, "whole")
}

func TestErrorsOfOpening(t *testing.T) {
	refusal := &wire.Error{Status: http.StatusForbidden, Code: "AccessDenied"}
	for _, size := range []int64{7, 1 << 20} {
		s := newStore("content")
		s.change = func(int, *wire.Request, *wire.Answer) error { return refusal }
		if _, _, err := read(t, s.opener(), size); !errors.Is(err, refusal) {
			t.Errorf("%v; want %v", err, refusal)
		}
	}
	empty := newStore("")
	empty.change = func(_ int, r *wire.Request, _ *wire.Answer) error {
		if r.Get(wire.Range) != "" {
			return &wire.Error{Status: http.StatusRequestedRangeNotSatisfiable}
		}
		return nil
	}
	if got, e, err := read(t, empty.opener(), 1<<20); got != "" || e.Size != 0 || err != nil {
		t.Errorf("an object that is empty by now: %q, %+v, %v", got, e, err)
	}
}

func TestStatIsTimed(t *testing.T) {
	s := newStore("content")
	s.header.Set("Last-Modified", time.Unix(1e9, 0).UTC().Format(http.TimeFormat))
	s.header.Set("Date", time.Unix(1e9+10, 0).UTC().Format(http.TimeFormat))
	e, err := s.opener().Stat(t.Context(), Key{"k", "in the tree"})
	if err != nil || !e.Settled || !e.Changed.Equal(time.Unix(1e9, 0)) || e.Key != "in the tree" {
		t.Errorf("%+v, %v", e, err)
	}
}
