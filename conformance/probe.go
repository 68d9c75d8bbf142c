package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/s3fc/s3fc/core"
)

// probe is a backend under test with what was found wrong. Its methods go on
// after a failure, so that one run tells all.
type probe struct {
	ctx      context.Context
	b        core.Backend
	features core.Features

	mu   sync.Mutex
	errs []error
}

// failf records what is wrong; the first few say it all.
func (p *probe) failf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.errs) < 8 {
		p.errs = append(p.errs, fmt.Errorf(format, args...))
	}
}

// bytesOf is n bytes that look like nothing else, the same for the same seed.
func bytesOf(seed string, n int) string {
	block := core.SumMD5([]byte(seed)).String() + "\n"
	return strings.Repeat(block, n/len(block)+1)[:n]
}

// fileOf is the entry of a file before it is put.
func fileOf(key, content string) core.Entry {
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content))}
}

func linkOf(key string, t core.Target) core.Entry {
	return core.Entry{Key: key, Kind: core.Link, Target: t}
}

// seen is what is at key, as the old of a Put.
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

// put writes e over whatever is at its key.
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

// try puts e and returns what came of it. The body of a link is nil.
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

// holds checks that key holds this file, and says so in every way.
func (p *probe) holds(key, content string) {
	b, opened, err := read(p.ctx, p.b, key)
	switch {
	case err != nil:
		p.failf("Open(%q): %w", key, err)
		return
	case opened.Kind != core.File:
		p.failf("Open(%q): a %s, want a file", key, opened.Kind)
		return
	case string(b) != content:
		p.failf("Open(%q): %s", key, contentDiffers(b, content))
	}
	want := fileOf(key, content)
	for how, e := range map[string]core.Entry{"Open": opened, "Stat": p.stat(key)} {
		if e.Kind != core.File || e.Key != key || e.Size != want.Size || (e.MD5.Known() && e.MD5 != want.MD5) || e.Target != (core.Target{}) {
			p.failf("%s(%q): %s, want %s", how, key, show(e), show(want))
		}
	}
}

func contentDiffers(got []byte, want string) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d bytes, want %d", len(got), len(want))
	}
	return fmt.Sprintf("other bytes than were put (md5 %s, want %s)", core.SumMD5(got), core.SumMD5([]byte(want)))
}

// holdsLink checks that key holds a link to t.
func (p *probe) holdsLink(key string, t core.Target) {
	rc, opened, err := p.b.Open(p.ctx, key)
	if err != nil {
		p.failf("Open(%q), a link: %w", key, err)
		return
	}
	if rc != nil {
		p.failf("Open(%q): a reader, want nil for a link", key)
		_ = rc.Close()
	}
	for how, e := range map[string]core.Entry{"Open": opened, "Stat": p.stat(key)} {
		if e.Kind != core.Link || e.Key != key || !e.Target.Same(t) {
			p.failf("%s(%q): %s, want a link to %s", how, key, show(e), t)
		}
	}
}

// nothing checks that nothing is at key.
func (p *probe) nothing(key string) {
	if e, err := p.b.Stat(p.ctx, key); !errors.Is(err, fs.ErrNotExist) {
		p.failf("Stat(%q): %s, %v; want fs.ErrNotExist", key, show(e), err)
	}
	rc, e, err := p.b.Open(p.ctx, key)
	if rc != nil {
		_ = rc.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		p.failf("Open(%q): %s, %v; want fs.ErrNotExist", key, show(e), err)
	}
}

func (p *probe) list(after string) (entries []core.Entry) {
	for e, err := range p.b.List(p.ctx, after) {
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

// holdsKeys checks that the tree lists just these keys, in any order.
func (p *probe) holdsKeys(want ...string) {
	got := p.keys("")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.failf("List: %q, want %q", got, want)
	}
}

// refused checks that err is what refuses what.
func (p *probe) refused(what string, err, want error) {
	if !errors.Is(err, want) {
		p.failf("%s: %v; want an error that is %q", what, err, want)
	}
}

// carries puts e if the store says that it can hold it, checks that it does,
// and reports so; and otherwise checks that Put refuses it for the same
// reason.
func (p *probe) carries(e core.Entry, content string) bool {
	checked := core.CheckPut(p.b, e)
	stored, err := p.try(e, content, nil)
	switch {
	case checked == nil && err == nil:
		return true
	case checked == nil:
		p.failf("Put(%q, %s): %w; but CheckPut has nothing against it", e.Key, show(e), err)
	case err == nil:
		p.failf("Put(%q): stored %s; but CheckPut says %w", e.Key, show(stored), checked)
	case !sameRefusal(checked, err):
		p.failf("Put(%q): %w; but CheckPut says %w", e.Key, err, checked)
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

// show is an entry for a message.
func show(e core.Entry) string {
	if e.Key == "" && e.Kind == core.Other {
		return "nothing"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s", e.Kind, core.DisplayKey(e.Key))
	switch e.Kind {
	case core.File:
		fmt.Fprintf(&b, " of %d bytes, md5 %q", e.Size, e.MD5)
		if !e.ModTime.IsZero() {
			fmt.Fprintf(&b, ", time %s", e.ModTime.UTC().Format(time.RFC3339Nano))
		}
	case core.Link:
		fmt.Fprintf(&b, " to %s (%q)", e.Target, e.Target.Dir)
	case core.Other:
		fmt.Fprintf(&b, " (%v)", e.Problem)
	}
	if e.Partial {
		b.WriteString(", partial")
	}
	return b.String()
}
