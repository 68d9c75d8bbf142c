package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/core"
)

// All are the features of a tree of [New]: everything, without limits.
var All = core.Features{
	Links: true, URLLinks: true, DirTargets: true, StoresMD5: true, ModTimes: true, Headers: true, Flat: true,
	Create: core.GuardAtomic, Replace: core.GuardAtomic,
}

// Tree is a backend in memory. The zero value is an empty tree that holds
// everything. It is safe for concurrent use; no lock is held while a body is
// read or an entry is yielded.
type Tree struct {
	lacks  core.Features // those of All that are missing; limits and the rest as they are
	opaque bool

	mu      sync.RWMutex
	index   index
	version uint64
}

// New returns an empty tree that holds everything.
func New() *Tree { return new(Tree) }

// NewWith returns an empty tree of just these features: it refuses or forgets
// anything else, as the contract of [core.Backend] says.
func NewWith(f core.Features) *Tree {
	t := new(Tree)
	t.lacks = flip(f)
	return t
}

// flip maps features to those of All that they lack, and back, so that the zero
// Tree lacks none.
func flip(f core.Features) core.Features {
	f.Links, f.URLLinks, f.DirTargets = !f.Links, !f.URLLinks, !f.DirTargets
	f.StoresMD5, f.ModTimes, f.Headers, f.Flat = !f.StoresMD5, !f.ModTimes, !f.Headers, !f.Flat
	f.Create, f.Replace = core.GuardAtomic-f.Create, core.GuardAtomic-f.Replace
	return f
}

// Features implements [core.Tree].
func (t *Tree) Features() core.Features { return flip(t.lacks) }

// List implements [core.Tree]. Changes made while the sequence runs may be in it or
// not.
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		page := t.page
		if t.Features().Unordered {
			page = t.walkOrder()
		}
		for next := after + "\x00"; ; { // no key lies between a key and the same with a zero byte
			items := page(next, pageSize)
			for _, it := range items {
				if ctx.Err() != nil {
					break
				}
				if !yield(t.listed(it.entry), nil) {
					return
				}
			}
			if err := ctx.Err(); err != nil {
				yield(core.Entry{}, fail("list", "", err))
				return
			}
			if len(items) < pageSize {
				return
			}
			next = items[len(items)-1].entry.Key + "\x00"
		}
	}
}

func (t *Tree) page(from string, n int) []*item {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.index.from(from, n)
}

// walkOrder pages through the tree directory by directory, as unordered stores
// tend to: a/1 comes before a-b.
func (t *Tree) walkOrder() func(from string, n int) []*item {
	var all []*item
	started := false
	return func(from string, n int) []*item {
		if !started {
			started = true
			all = t.page(from, math.MaxInt)
			slices.SortFunc(all, func(a, b *item) int {
				return slices.Compare(strings.Split(a.entry.Key, "/"), strings.Split(b.entry.Key, "/"))
			})
		}
		items := all[:min(n, len(all))]
		all = all[len(items):]
		return items
	}
}

// Stat implements [core.Tree].
func (t *Tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	it, err := t.find(ctx, "stat", key)
	if err != nil {
		return core.Entry{}, err
	}
	return t.seen(it), nil
}

// Open implements [core.Tree]. The reader is also an [io.ReadSeeker] and an
// [io.ReaderAt], over content that no later Put changes.
func (t *Tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	it, err := t.find(ctx, "open", key)
	if err != nil {
		return nil, core.Entry{}, err
	}
	if it.entry.Kind != core.File {
		return nil, t.seen(it), nil
	}
	c := new(content)
	c.Reset(it.body)
	return c, t.seen(it), nil
}

// content reads a content until it is closed.
type content struct {
	bytes.Reader
	closed atomic.Bool
}

func (c *content) Read(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, fs.ErrClosed
	}
	return c.Reader.Read(p)
}

func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if c.closed.Load() {
		return 0, fs.ErrClosed
	}
	return c.Reader.ReadAt(p, off)
}

func (c *content) WriteTo(w io.Writer) (int64, error) {
	if c.closed.Load() {
		return 0, fs.ErrClosed
	}
	return c.Reader.WriteTo(w)
}

func (c *content) Close() error {
	c.closed.Store(true)
	return nil
}

func (t *Tree) find(ctx context.Context, op, key string) (*item, error) {
	if err := ctx.Err(); err != nil {
		return nil, fail(op, key, err)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if it := t.index.get(key); it != nil {
		return it, nil
	}
	return nil, fail(op, key, fs.ErrNotExist)
}

// Put implements [core.Backend]. The body is held in memory until it is whole.
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	it, err := t.receive(ctx, e, body)
	if err != nil {
		return core.Entry{}, fail("put", e.Key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := cmp.Or(ctx.Err(), t.inTheWay(e.Key), t.changed(e.Key, old)); err != nil {
		return core.Entry{}, fail("put", e.Key, err)
	}
	t.pause(old)
	t.set(it)
	return it.entry, nil
}

// pause lets others write between the check of old and the write, where this tree
// guards against them by a check alone.
func (t *Tree) pause(old *core.Entry) {
	if t.guard(old) == core.GuardCheck {
		t.mu.Unlock()
		runtime.Gosched()
		t.mu.Lock()
	}
}

// guard is how a write is guarded whose caller saw old.
func (t *Tree) guard(old *core.Entry) core.Guard {
	if old == nil {
		return t.Features().Create
	}
	return t.Features().Replace
}

// receive makes the item of a Put, after every check that needs no look at the
// tree.
func (t *Tree) receive(ctx context.Context, e core.Entry, body io.Reader) (*item, error) {
	f := t.Features()
	if err := cmp.Or(ctx.Err(), f.CheckPut(e)); err != nil {
		return nil, err
	}
	switch {
	case e.Kind == core.Link:
		return t.newItem(core.Entry{Key: e.Key, Kind: core.Link, Target: e.Target}, nil), nil
	case e.Kind != core.File:
		return nil, fmt.Errorf("an entry of kind %s cannot be put: %w", e.Kind, fs.ErrInvalid)
	case f.NeedsMD5 && !e.MD5.Known():
		return nil, fmt.Errorf("the md5 must be known before the first byte: %w", fs.ErrInvalid)
	}
	b, sum, err := readBody(ctx, e, body)
	if err != nil {
		return nil, err
	}
	return t.newItem(core.Entry{Key: e.Key, Kind: core.File, Size: e.Size, MD5: sum, ModTime: e.ModTime, Headers: e.Headers}, b), nil
}

// readBody returns the whole body and its md5 if they agree with e.
func readBody(ctx context.Context, e core.Entry, body io.Reader) ([]byte, core.MD5, error) {
	if body == nil {
		body = bytes.NewReader(nil)
	}
	buf := bytes.NewBuffer(make([]byte, 0, min(max(e.Size, 0), 1<<20)+bytes.MinRead))
	n, err := buf.ReadFrom(io.LimitReader(body, e.Size+1))
	switch {
	case err != nil:
		return nil, core.MD5{}, err
	case n != e.Size:
		return nil, core.MD5{}, fmt.Errorf("%w: the body has not the %d bytes that were announced", core.ErrCorrupt, e.Size)
	}
	sum := core.SumMD5(buf.Bytes())
	if e.MD5.Known() && sum != e.MD5 {
		return nil, core.MD5{}, fmt.Errorf("%w: the md5 is %s, and %s was announced", core.ErrCorrupt, sum, e.MD5)
	}
	return buf.Bytes(), sum, ctx.Err()
}

// newItem makes an item of an entry, without the fields that this tree does not
// store.
func (t *Tree) newItem(e core.Entry, body []byte) *item {
	f := t.Features()
	if t.opaque {
		e = evident(e)
	}
	if !f.StoresMD5 {
		e.MD5 = core.MD5{}
	}
	if !f.ModTimes {
		e.ModTime = time.Time{}
	}
	if !f.Headers {
		e.Headers = nil
	}
	if !f.DirTargets {
		e.Target.Dir = core.DirUnknown
	}
	return &item{entry: e, body: body}
}

// inTheWay returns an error if an entry above or below key leaves it no place.
func (t *Tree) inTheWay(key string) error {
	if t.Features().Flat {
		return nil
	}
	for i := range len(key) {
		if key[i] == '/' && t.index.get(key[:i]) != nil {
			return fmt.Errorf("%w: %s is no directory", core.ErrConflict, core.DisplayKey(key[:i]))
		}
	}
	if below := t.index.from(key+"/", 1); len(below) > 0 && core.Below(below[0].entry.Key, key) {
		return fmt.Errorf("%w: a directory that is not empty is there", core.ErrConflict)
	}
	return nil
}

// changed returns an error if the entry at key is not the one that the caller saw.
// An Other is never changed, whatever the caller saw.
func (t *Tree) changed(key string, old *core.Entry) error {
	it := t.index.get(key)
	switch {
	case it != nil && it.entry.Kind == core.Other:
		return fmt.Errorf("%w: the entry there cannot be copied and is left alone", core.ErrConflict)
	case t.guard(old) == core.GuardNone, it == nil && old == nil:
		return nil
	case it == nil || old == nil || it.entry.Token != old.Token:
		return core.ErrChanged
	}
	return nil
}

// set makes it the item at its key, under a new token. An opaque tree, whose
// tokens come again with the content, tells versions apart by a time of its own.
func (t *Tree) set(it *item) {
	t.version++
	if t.opaque {
		it.entry.Changed = time.Unix(int64(t.version), 0) //nolint:gosec // It counts from 1.
	} else {
		it.entry.Token = strconv.FormatUint(t.version, 36)
	}
	it.entry.Settled = true
	if r := t.Features().Resolution; r > 0 {
		coarsen(it, r)
	}
	t.index.set(it)
}

// coarsen gives it a token that tells versions apart only by size and by a time of
// this resolution.
func coarsen(it *item, resolution time.Duration) {
	it.written = time.Now()
	it.entry.Changed, it.entry.Settled = time.Time{}, false
	it.entry.Token = fmt.Sprintf("%d@%d", it.entry.Size+int64(len(it.entry.Target.String())), it.written.Truncate(resolution).UnixNano())
}

// seen is the entry of it for one who looks at it now.
func (t *Tree) seen(it *item) core.Entry {
	e := it.entry
	if r := t.Features().Resolution; r > 0 {
		e.Settled = time.Since(it.written) > r
	}
	return e
}

// Delete implements [core.Backend].
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	if err := ctx.Err(); err != nil {
		return fail("delete", old.Key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.index.get(old.Key) == nil {
		return nil
	}
	if err := t.changed(old.Key, &old); err != nil {
		return fail("delete", old.Key, err)
	}
	t.pause(&old)
	t.index.remove(old.Key)
	return nil
}

// Plant puts e as it is, whatever it is: an Other, a key that no path can express,
// a file a beside a/b. Nothing is checked, and the Token is new. It is for tests of
// entries that other programs leave in a store.
func (t *Tree) Plant(e core.Entry, body []byte) {
	if e.Kind == core.File {
		e.Size, e.MD5 = int64(len(body)), core.SumMD5(body)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set(t.newItem(e, bytes.Clone(body)))
}

// Uproot removes the entry at key, whatever it is, as Plant puts it.
func (t *Tree) Uproot(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.index.remove(key)
}

// Len returns the number of entries.
func (t *Tree) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := 0
	for _, p := range t.index.pages {
		n += len(p)
	}
	return n
}

func fail(op, key string, err error) error {
	return &core.Error{Op: op, Tree: "mem", Key: key, Err: err}
}
