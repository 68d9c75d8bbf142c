package s3

import (
	"context"
	"io"
	"io/fs"

	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/ranged"
	"github.com/s3fc/s3fc/core"
)

// newOpener returns the opener of the tree's objects.
func newOpener(t *Tree) *contents.Opener {
	t.objects.Listed = t.pages.listed
	o := &contents.Opener{
		Store: t.objects, Can: t.can, Layout: t.layout, Rule: ranged.DefaultRule, Buffers: t.opts.Env.Buffers,
		Wait: t.transport.Wait, Listed: t.pages.listed, Trusted: t.aws,
		Page: func(ctx context.Context) ([]listing.Object, error) { return t.pages.lister(t.prefix).First(ctx) },
	}
	o.Ahead = &ranged.Pace{Few: 1, Many: 4, Far: 4, Quickest: t.transport.Quickest}
	o.Parts = &ranged.Pace{Few: 4, Many: 4, Far: 8, Quickest: t.transport.Quickest}
	t.uploads.ReadMD5 = o.ReadMD5
	return o
}

// Stat implements [core.Tree] with one HEAD; in the rare case that only the
// body tells (link-target metadata under an encryption that hides the md5),
// with one GET more.
func (t *Tree) Stat(ctx context.Context, key string) (core.Entry, error) {
	if !t.readable(key) {
		return core.Entry{}, t.fail("stat", key, fs.ErrNotExist)
	}
	full := t.full(key)
	e, err := t.opener.Stat(ctx, contents.Key{Object: full, Entry: key})
	if err != nil {
		return core.Entry{}, t.fail("stat", key, t.keys.absent(ctx, full, err))
	}
	return e, nil
}

// readable reports whether there can be an entry at key. A store does not always
// answer "not there" to a key that it cannot hold.
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
	full := t.full(key)
	r, e, err := t.opener.Open(ctx, contents.Key{Object: full, Entry: key}, core.SizeHintOf(ctx))
	switch {
	case err != nil:
		return nil, core.Entry{}, t.fail("open", key, t.keys.absent(ctx, full, err))
	case r == nil:
		return nil, e, nil
	}
	e.Headers = e.Headers.Describing()
	own := reader{r, t, key}
	if p, ok := r.(core.PartedBody); ok {
		return &partedReader{own, p}, e, nil
	}
	return &own, e, nil
}

// reader is a body whose errors are those of the tree.
type reader struct {
	io.ReadCloser
	tree *Tree
	key  string
}

// Read implements [io.Reader].
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == nil || err == io.EOF { //nolint:errorlint // An opener's readers return it as it is.
		return n, err
	}
	return n, r.failed(err)
}

// failed returns err, which is not nil, as an error of the tree.
func (r *reader) failed(err error) error {
	failed := r.tree.fail("read", r.key, err)
	if core.IsTransient(err) {
		failed = core.Transient(failed)
	}
	return failed
}

// partedReader is a reader of a body in parts.
type partedReader struct {
	reader
	parts core.PartedBody
}

// PartSize implements [core.PartedBody].
func (r *partedReader) PartSize() int64 { return r.parts.PartSize() }

// PartsAtOnce implements [core.PartedBody].
func (r *partedReader) PartsAtOnce() int { return r.parts.PartsAtOnce() }

// CopyPart implements [core.PartedBody].
func (r *partedReader) CopyPart(ctx context.Context, i int, w io.Writer) error {
	if err := r.parts.CopyPart(ctx, i, w); err != nil {
		return r.failed(err)
	}
	return nil
}

// Confirm implements [core.PartedBody].
func (r *partedReader) Confirm(sums []core.MD5, whole func() (core.MD5, error)) (core.MD5, error) {
	sum, err := r.parts.Confirm(sums, whole)
	if err != nil {
		err = r.failed(err)
	}
	return sum, err
}
