package conformance

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// torn stores the half of a failed body.
type torn struct{ core.Backend }

func (b torn) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if e.Kind != core.File {
		return b.Backend.Put(ctx, e, body, old)
	}
	content, readErr := io.ReadAll(body)
	e.Size, e.MD5 = int64(len(content)), core.SumMD5(content)
	stored, err := b.Backend.Put(ctx, e, bytes.NewReader(content), old)
	return stored, errors.Join(readErr, err)
}

// blind loses the link when it is put over a file.
type blind struct{ core.Backend }

func (b blind) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if e.Kind == core.Link && old != nil && old.Kind == core.File {
		return *old, nil
	}
	return b.Backend.Put(ctx, e, body, old)
}

// silent loses, on a failure, that there was one.
type silent struct{ core.Backend }

func (b silent) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range b.Backend.List(ctx, after) {
			if err != nil || !yield(e, nil) {
				return
			}
		}
	}
}

// hiding does not list the entry first.
type hiding struct{ core.Backend }

func (b hiding) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range b.Backend.List(ctx, after) {
			if e.Key != "first" && !yield(e, err) {
				return
			}
		}
	}
}

// playAll makes each operation fail in turn, and returns the first complaint.
func playAll(t *testing.T, side string, decorate func(core.Backend) core.Backend) error {
	t.Helper()
	src := memory.New()
	s := newScene(src, memory.New())
	(&probe{ctx: t.Context(), b: src}).fill(s.after)
	for n := 1; n <= 60; n++ {
		var a, b core.Backend = src, memory.New()
		f := fault{side: side, n: n, class: faultClasses[0]}
		inj := wrap.OnIndex(n, errInjected)
		if side == "source" {
			a = decorate(wrap.Fault(a, inj))
		} else {
			b = decorate(b)
		}
		if side == "source" {
			f.n = 1 << 30 // the fault is below the flaw
		}
		if err := s.play(t.Context(), a, b, f); err != nil {
			return err
		}
	}
	return nil
}

func TestFaultsCatchATornPut(t *testing.T) {
	err := playAll(t, "destination", func(b core.Backend) core.Backend { return torn{b} })
	if err == nil || !strings.Contains(err.Error(), "neither the old nor the new") {
		t.Errorf("a backend that stores torn files: %v", err)
	}
}

func TestFaultsCatchASilentListing(t *testing.T) {
	err := playAll(t, "source", func(b core.Backend) core.Backend { return silent{b} })
	if err == nil || !strings.Contains(err.Error(), "reported no error") {
		t.Errorf("a source whose listing is cut and looks complete: %v", err)
	}
}

func TestFaultsFindNothingInMemory(t *testing.T) {
	if err := playAll(t, "destination", func(b core.Backend) core.Backend { return b }); err != nil {
		t.Error(err)
	}
}

func TestPairCatches(t *testing.T) {
	for name, decorate := range map[string]func(core.Backend) core.Backend{
		"a link that is not stored over a file": func(b core.Backend) core.Backend { return blind{b} },
		"a listing that hides an entry":         func(b core.Backend) core.Backend { return hiding{b} },
	} {
		r := &tour{ctx: t.Context(), a: memory.New(), b: decorate(memory.New()), back: memory.New()}
		if err := r.run(0, 30); err == nil {
			t.Errorf("%s is not caught", name)
		}
	}
	r := &tour{ctx: t.Context(), a: memory.New(), b: memory.New(), back: memory.New()}
	if err := r.run(0, 30); err != nil {
		t.Errorf("nothing is wrong, and yet: %v", err)
	}
}

func TestGeneratedTreesHaveAllKinds(t *testing.T) {
	a := memory.New()
	seen := map[string]int{}
	for _, s := range newGenerator(1, a, a).tree(60) {
		what := s.entry.Kind.String()
		if s.entry.Target.URL != "" {
			what = "url"
		}
		seen[what]++
		if s.entry.Kind == core.File && s.entry.Size == 0 {
			seen["empty"]++
		}
	}
	for _, what := range []string{"file", "link", "url", "empty"} {
		if seen[what] == 0 {
			t.Errorf("no %s in %v", what, seen)
		}
	}
}

func TestCheck(t *testing.T) {
	want := []core.Entry{fileOf("d/f", "content"), linkOf("l", core.Target{Key: "d"}), fileOf("empty", "")}
	fill := func() *memory.Tree {
		m := memory.New()
		(&probe{ctx: t.Context(), b: m}).fill([]specimen{{want[0], "content"}, {want[1], ""}, {want[2], ""}})
		return m
	}
	if err := Check(t.Context(), fill(), want); err != nil {
		t.Errorf("a tree that is right: %v", err)
	}
	wrong := map[string]func(*memory.Tree){
		"d/f is not listed": func(m *memory.Tree) { _ = m.Delete(t.Context(), (&probe{ctx: t.Context(), b: m}).stat("d/f")) },
		"extra is listed":   func(m *memory.Tree) { (&probe{ctx: t.Context(), b: m}).files("extra") },
		"l: found as":       func(m *memory.Tree) { (&probe{ctx: t.Context(), b: m}).link("l", core.Target{Key: "e"}) },
		"d/f: content":      func(m *memory.Tree) { (&probe{ctx: t.Context(), b: m}).file("d/f", "CONTENT") },
	}
	for message, spoil := range wrong {
		m := fill()
		spoil(m)
		if err := Check(t.Context(), m, want); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("Check: %v, want %q in it", err, message)
		}
	}
}

// leaky passes everything below to whoever looks for an extension.
type leaky struct {
	core.Backend
	below core.Backend
}

func (l leaky) Unwrap() core.Tree { return l.below }

func TestCheckDecorator(t *testing.T) {
	sub := func(b core.Backend) core.Backend {
		s, err := wrap.Sub(b, "site")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	hide := func(key string) bool { return key == "d/g" }
	broken := errors.New("broken")
	good := map[string]func(core.Backend) core.Backend{
		"none":     func(b core.Backend) core.Backend { return b },
		"sub":      sub,
		"filter":   func(b core.Backend) core.Backend { return wrap.Filter(b, hide) },
		"readonly": func(b core.Backend) core.Backend { return wrap.ReadOnly(b) },
		"retry":    func(b core.Backend) core.Backend { return wrap.Retry(b, 3, wrap.Backoff(1, 1)) },
		"limit":    func(b core.Backend) core.Backend { return wrap.Limit(b, 1, 1<<20) },
		"meter":    func(b core.Backend) core.Backend { return wrap.Meter(b, new(wrap.Counts), nil) },
		"spent":    func(b core.Backend) core.Backend { return wrap.Meter(b, new(wrap.Counts), core.NewBudget(0)) },
		"fault":    func(b core.Backend) core.Backend { return wrap.Fault(b, wrap.Always(broken)) },
		"one key":  func(b core.Backend) core.Backend { return wrap.Fault(b, wrap.OnKey("d/g", wrap.Always(broken))) },
	}
	for name, decorate := range good {
		if err := CheckDecorator(t.Context(), decorate); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"sub", "filter", "readonly", "spent", "fault", "one key"} {
		bypassed := func(b core.Backend) core.Backend { return leaky{struct{ core.Backend }{good[name](b)}, b} }
		if err := CheckDecorator(t.Context(), bypassed); err == nil {
			t.Errorf("%s with a way round it is not caught", name)
		}
	}
}
