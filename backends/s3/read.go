package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/ranged"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// Stat implements [core.Tree] with one HEAD; in the rare case that only the
// body tells (link-target metadata under an encryption that hides the md5),
// with one GET more.
func (t *Tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	if !t.readable(key) {
		return core.Entry{}, t.fail("stat", key, fs.ErrNotExist)
	}
	a, err := t.objects.Head(ctx, t.full(key))
	if err != nil {
		return core.Entry{}, t.fail("stat", key, t.keys.absent(ctx, t.full(key), err))
	}
	e, ask := t.layout.Entry(a.Object(key), nil)
	if !ask {
		return e, nil
	}
	r, e, err := t.Open(ctx, key)
	if err != nil {
		return core.Entry{}, t.fail("stat", key, err)
	}
	if r != nil {
		err = r.Close()
	}
	return e, t.fail("stat", key, err)
}

// readable reports whether there can be an entry at key. What a store answers to
// a key that it cannot hold is anything but "not there".
func (t *Tree) readable(key string) bool {
	return t.Features().CheckPut(core.Entry{Key: key, Kind: core.File}) == nil
}

// Open implements [core.Tree] with one GET. With a [core.SizeHintOf] a large
// object, that GET is of its first range, and the reader sends one for each
// further range.
func (t *Tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if !t.readable(key) {
		return nil, core.Entry{}, t.fail("open", key, fs.ErrNotExist)
	}
	if core.SizeHintOf(ctx) > t.ranges.Above && t.can.Has(ability.Ranges) {
		r, e, err := t.openLarge(ctx, key)
		if !errors.Is(err, ranged.ErrUnfit) {
			return r, e, err
		}
	}
	a, err := t.objects.Get(ctx, wire.NewRequest(http.MethodGet, t.full(key)))
	if err != nil {
		return nil, core.Entry{}, t.fail("open", key, t.keys.absent(ctx, t.full(key), err))
	}
	return t.opened(key, a)
}

// opened is what Open returns of an object whose whole content is in the body.
func (t *Tree) opened(key string, a *wire.Answer) (io.ReadCloser, core.Entry, error) {
	r := &reader{body: a.Body, tree: t, key: key, left: a.Length}
	o := a.Object(key)
	e, ask := t.layout.Entry(o, nil)
	if ask {
		return t.openUnknown(r, o)
	}
	if e.Kind != core.File {
		r.discard(e.Size)
		return nil, e, nil
	}
	return r, e, nil
}

// openUnknown reads the body, of the size of a page, and then decides.
func (t *Tree) openUnknown(r *reader, o format.Object) (io.ReadCloser, core.Entry, error) {
	b, err := io.ReadAll(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, core.Entry{}, err
	}
	e, _ := t.layout.Entry(o, b)
	if e.Kind != core.File {
		return nil, e, nil
	}
	return io.NopCloser(bytes.NewReader(b)), e, nil
}

// reader is a body that ends where the store said it would, or with an error.
type reader struct {
	body io.ReadCloser
	tree *Tree
	key  string
	left int64 // bytes still to come
	err  error
}

// Read implements [io.Reader]. A body that breaks off is a transient error:
// the SDK retries requests, not bodies.
func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.body.Read(p)
	r.left -= int64(n)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && r.left <= 0:
		r.err = io.EOF
	case errors.Is(err, io.EOF):
		r.err = core.Transient(r.tree.fail("read", r.key, io.ErrUnexpectedEOF))
	default:
		r.err = core.Transient(r.tree.fail("read", r.key, err))
	}
	return n, r.err
}

// Close implements [io.Closer].
func (r *reader) Close() error { return r.body.Close() }

// discard closes a body that nobody wants. A short one is read to its end, so
// that its connection can be used again.
func (r *reader) discard(size int64) {
	if size <= format.LongestLinkPage {
		_, _ = io.Copy(io.Discard, r.body)
	}
	_ = r.body.Close()
}
