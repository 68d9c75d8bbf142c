package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/ranged"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// contentRange is the header of an answer that is a range.
const contentRange = "Content-Range"

// openLarge opens an object that is likely to be large, with a GET of its first
// range. The error is [ranged.ErrUnfit] if the answer cannot be used.
func (t *Tree) openLarge(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	full := t.full(key)
	a, err := t.firstRange(ctx, full)
	if err != nil {
		return nil, core.Entry{}, t.fail("open", key, t.keys.absent(ctx, full, err))
	}
	got := a.Length
	if s := a.Get(contentRange); s != "" {
		_, a.Length, _ = ranged.ParseContentRange(s, 0, got) // firstRange has seen that it is one
	}
	r, e, err := t.opened(key, a)
	if err == nil && r != nil && a.Length > got {
		v := version{tree: t, full: full, etag: a.Get(wire.ETag), size: a.Length}
		r = &plainReader{ranged.NewReader(ctx, v.object(), a.Body, got), t, key}
	}
	return r, e, err
}

// plainReader is a reader whose errors are those of the tree.
type plainReader struct {
	io.ReadCloser
	tree *Tree
	key  string
}

// Read implements [io.Reader].
func (r *plainReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == nil || err == io.EOF { //nolint:errorlint // A reader of ranges returns it as it is.
		return n, err
	}
	failed := r.tree.fail("read", r.key, err)
	if core.IsTransient(err) {
		failed = core.Transient(failed)
	}
	return n, failed
}

// firstRange asks for the first range of an object. The answer may be the whole.
func (t *Tree) firstRange(ctx context.Context, full string) (*wire.Answer, error) {
	r := wire.NewRequest(http.MethodGet, full)
	r.Set(wire.Range, ranged.Header(0, t.ranges.Size))
	a, err := t.objects.Get(ctx, r)
	switch {
	case refused(err, http.StatusRequestedRangeNotSatisfiable):
		return nil, ranged.ErrUnfit // it is empty by now
	case err != nil && ability.MayBeAbout(err):
		t.can.Lose(ability.Ranges)
		return nil, ranged.ErrUnfit
	case err != nil:
		return nil, err
	}
	if err := t.checkFirst(a); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a, nil
}

// checkFirst checks the answer to the first range. It may be the whole object,
// from a store that knows no ranges.
func (t *Tree) checkFirst(a *wire.Answer) error {
	if a.Get(contentRange) == "" {
		if a.Length == t.ranges.Size {
			return ranged.ErrUnfit // the range without its label, or the whole: nothing tells
		}
		return nil
	}
	n, total, ok := ranged.ParseContentRange(a.Get(contentRange), 0, t.ranges.Size)
	switch {
	case !ok || n != min(t.ranges.Size, total):
		t.can.Lose(ability.Ranges)
		return ranged.ErrUnfit
	case n != a.Length:
		return ranged.ErrLength
	}
	return nil
}

// version is one version of an object that is read in ranges. It is safe for
// concurrent use.
type version struct {
	tree *Tree
	full string
	etag string // as the first answer had it
	size int64  // of the whole object, in bytes
}

// object returns v for a reader of ranges.
func (v version) object() ranged.Object {
	return ranged.Object{
		Size: v.size, Get: v.get, Rule: v.tree.ranges, Buffers: v.tree.opts.Env.Buffers,
		Wait: v.tree.transport.Wait,
	}
}

// get asks for the bytes from off to before end.
func (v version) get(ctx context.Context, off, end int64) (io.ReadCloser, error) {
	r := wire.NewRequest(http.MethodGet, v.full)
	r.Set(wire.Range, ranged.Header(off, end))
	r.Set(wire.IfMatch, v.condition())
	a, err := v.tree.objects.Get(ctx, r)
	switch {
	case err == nil:
	case refused(err, http.StatusRequestedRangeNotSatisfiable):
		return nil, v.changed("it is shorter")
	case ability.MayBeAbout(err):
		return nil, v.unfit()
	case errors.Is(err, io.EOF): // a reader would take it for the end
		return nil, errNoAnswer
	default:
		return nil, gone(err)
	}
	if err := v.check(a, off, end); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a.Body, nil
}

// condition returns the ETag if a condition can have it: a weak one, as proxies
// make them, fulfils none, and conditions have no ETags without quotes.
// [version.check] looks at the answer in any case.
func (v version) condition() string {
	if !strings.HasPrefix(v.etag, `"`) {
		return ""
	}
	return v.etag
}

// check checks an answer: a store may have ignored the condition, or the range.
func (v version) check(a *wire.Answer, off, end int64) error {
	n, total, ok := ranged.ParseContentRange(a.Get(contentRange), off, end)
	switch {
	case a.ETag() != format.BareETag(&v.etag):
		return v.changed("it has another ETag")
	case ok && total != v.size:
		return v.changed("it has another size")
	case !ok || n != end-off:
		return v.unfit()
	case n != a.Length:
		return ranged.ErrLength
	}
	return nil
}

// errNoAnswer stands for io.EOF, which ends every try of a request at once.
var errNoAnswer = fmt.Errorf("the store closes connections without an answer: %w", io.ErrUnexpectedEOF)

func (v version) changed(how string) error {
	return fmt.Errorf("%w: %s than when its first bytes were read", core.ErrChanged, how)
}

// unfit remembers that the store's ranges are of no use. The transfer starts
// anew, without them.
func (v version) unfit() error {
	v.tree.can.Lose(ability.Ranges)
	return core.Transient(ranged.ErrUnfit)
}

// gone says that the object of a range is there no more, if that is what err is.
func gone(err error) error {
	if refused(err, http.StatusNotFound) && code(err) != "NoSuchBucket" {
		return fmt.Errorf("%w: it is gone", core.ErrChanged)
	}
	return err
}
