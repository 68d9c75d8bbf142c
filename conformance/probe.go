package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/core"
)

// probe is a store under test and the failures that were found. Its methods go on
// after a failure, so that one run reports them all.
type probe struct {
	ctx      context.Context
	store    Store
	b        core.Backend
	features core.Features

	mu   sync.Mutex
	errs []error
}

// failf records a failure, up to eight.
func (p *probe) failf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.errs) < 8 {
		p.errs = append(p.errs, fmt.Errorf(format, args...))
	}
}

// bytesOf returns n bytes made from seed.
func bytesOf(seed string, n int) string {
	block := core.SumMD5([]byte(seed)).String() + "\n"
	return strings.Repeat(block, n/len(block)+1)[:n]
}

// fileOf returns the entry of a file before it is put.
func fileOf(key, content string) core.Entry {
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content))}
}

func linkOf(key string, t core.Target) core.Entry {
	return core.Entry{Key: key, Kind: core.Link, Target: t}
}

// seen returns the entry at key, or nil, as the old of a Put.
func (p *probe) seen(key string) *core.Entry {
	e, err := p.b.Stat(p.ctx, key)
	switch {
	case err == nil:
		return &e
	case !errors.Is(err, fs.ErrNotExist):
		p.failf("Stat(%q): %w", key, err)
	}
	return nil
}

// put stores e in place of the entry at its key.
func (p *probe) put(e core.Entry, content string) core.Entry {
	return p.putOver(e, content, p.seen(e.Key))
}

func (p *probe) putOver(e core.Entry, content string, old *core.Entry) core.Entry {
	stored, err := p.try(e, content, old)
	if err != nil {
		p.failf("Put(%q, a %s): %w", e.Key, e.Kind, err)
	}
	return stored
}

// try puts e and returns the result. The body of a link is nil.
func (p *probe) try(e core.Entry, content string, old *core.Entry) (core.Entry, error) {
	if e.Kind == core.Link {
		return p.b.Put(p.ctx, e, nil, old)
	}
	return p.b.Put(p.ctx, e, strings.NewReader(content), old)
}

func (p *probe) file(key, content string) core.Entry { return p.put(fileOf(key, content), content) }

func (p *probe) link(key string, t core.Target) core.Entry { return p.put(linkOf(key, t), "") }

// files puts a file at each key, its content made from the key.
func (p *probe) files(keys ...string) {
	for _, key := range keys {
		p.putOver(fileOf(key, bytesOf(key, 20)), bytesOf(key, 20), nil)
	}
}

func (p *probe) stat(key string) core.Entry {
	e, err := p.b.Stat(p.ctx, key)
	if err != nil {
		p.failf("Stat(%q): %w", key, err)
	}
	return e
}

// read opens key and returns the content, nil for a link, and its entry.
func read(ctx context.Context, t core.Tree, key string) ([]byte, core.Entry, error) {
	rc, e, err := t.Open(ctx, key)
	if err != nil || rc == nil {
		return nil, e, err
	}
	content, err := io.ReadAll(rc)
	return content, e, errors.Join(err, rc.Close())
}

// holds checks that Open and Stat show this file at key.
func (p *probe) holds(key, content string) {
	b, opened, err := read(p.ctx, p.b, key)
	switch {
	case err != nil:
		p.failf("Open(%q): %w", key, err)
		return
	case opened.Kind != core.File:
		p.failf("Open(%q) returned a %s; want a file", key, opened.Kind)
		return
	case string(b) != content:
		p.failf("Open(%q): %s", key, contentDiffers(b, content))
	}
	want := fileOf(key, content)
	for how, e := range map[string]core.Entry{"Open": opened, "Stat": p.stat(key)} {
		if e.Kind != core.File || e.Key != key || e.Size != want.Size || (e.MD5.Known() && e.MD5 != want.MD5) || e.Target != (core.Target{}) {
			p.failf("%s(%q) returned %s; want %s", how, key, show(e), show(want))
		}
	}
}

// holdsLink checks that Open and Stat show a link to t at key.
func (p *probe) holdsLink(key string, t core.Target) {
	rc, opened, err := p.b.Open(p.ctx, key)
	if err != nil {
		p.failf("Open(%q), a link: %w", key, err)
		return
	}
	if rc != nil {
		p.failf("Open(%q) returned a reader; want nil for a link", key)
		_ = rc.Close()
	}
	for how, e := range map[string]core.Entry{"Open": opened, "Stat": p.stat(key)} {
		if e.Kind != core.Link || e.Key != key || !e.Target.Same(t) {
			p.failf("%s(%q) returned %s; want a link to %s", how, key, show(e), t)
		}
	}
}

// nothing checks that Stat and Open find nothing at key.
func (p *probe) nothing(key string) { p.nothingIn(p.b, key) }

// nothingIn is nothing for another handle on the store.
func (p *probe) nothingIn(t core.Tree, key string) {
	e, err := t.Stat(p.ctx, key)
	if !errors.Is(err, fs.ErrNotExist) {
		p.failf("Stat(%q) found %s: %s", key, show(e), notErr(err, fs.ErrNotExist))
	}
	rc, e, err := t.Open(p.ctx, key)
	if rc != nil {
		_ = rc.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		p.failf("Open(%q) found %s: %s", key, show(e), notErr(err, fs.ErrNotExist))
	}
}

func (p *probe) list(after string) []core.Entry { return p.listIn(p.b, after) }

func (p *probe) listIn(t core.Tree, after string) (entries []core.Entry) {
	for e, err := range t.List(p.ctx, after) {
		if err != nil {
			p.failf("List(after %q): %w", after, err)
			continue
		}
		entries = append(entries, e)
	}
	return entries
}

func (p *probe) keys(after string) []string {
	var keys []string
	for _, e := range p.list(after) {
		keys = append(keys, e.Key)
	}
	return keys
}

// holdsKeys checks that the listing has exactly these keys, in any order.
func (p *probe) holdsKeys(want ...string) {
	got := p.keys("")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.failf("List yielded %q; want %q", got, want)
	}
}

// refused checks that the operation op failed with an error that is want.
func (p *probe) refused(op string, err, want error) {
	if !errors.Is(err, want) {
		p.failf("%s: %s", op, notErr(err, want))
	}
}

// carries puts e and reports whether it is stored. It checks that CheckPut agrees
// with Put: if CheckPut refuses e, Put must refuse it for the same reason.
func (p *probe) carries(e core.Entry, content string) bool {
	checked := core.CheckPut(p.b, e)
	stored, err := p.try(e, content, nil)
	switch {
	case checked == nil && err == nil:
		return true
	case checked == nil:
		p.failf("CheckPut accepts %s, but Put fails: %w", show(e), err)
	case err == nil:
		p.failf("CheckPut refuses %q (%w), but Put stored %s", e.Key, checked, show(stored))
	case !sameRefusal(checked, err):
		p.failf("Put(%q) fails with: %w\nbut CheckPut refuses it with: %w", e.Key, err, checked)
	}
	return false
}

func sameRefusal(a, b error) bool {
	for _, kind := range []error{core.ErrUnsupportedKey, core.ErrUnsupportedLink} {
		if errors.Is(a, kind) && errors.Is(b, kind) {
			return true
		}
	}
	return false
}
