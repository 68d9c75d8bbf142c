package contents

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
func (o *Opener) openLarge(ctx context.Context, key Key) (io.ReadCloser, core.Entry, error) {
	a, err := o.firstRange(ctx, key.Object)
	if err != nil {
		return nil, core.Entry{}, err
	}
	got := a.Length
	if s := a.Get(contentRange); s != "" {
		got, a.Length, _ = ranged.ParseContentRange(s, 0, o.Rule.Size) // firstRange has seen that it is one
	}
	if a.ETag() == "" && got < a.Length { // nothing tells whether the next range is of the same version
		_ = a.Body.Close()
		return nil, core.Entry{}, ranged.ErrUnfit
	}
	return o.opened(ctx, key, a, got)
}

// firstRange asks for the first range of an object. The answer may be the whole
// object, from a store that knows no ranges.
func (o *Opener) firstRange(ctx context.Context, key string) (*wire.Answer, error) {
	r := wire.NewRequest(http.MethodGet, key)
	r.Set(wire.Range, ranged.Header(0, o.Rule.Size))
	a, err := o.get(ctx, r)
	switch {
	case wire.HasStatus(err, http.StatusRequestedRangeNotSatisfiable):
		return nil, ranged.ErrUnfit // it is empty by now
	case err != nil && ability.MayBeAbout(err):
		return nil, o.unfit()
	case err != nil:
		return nil, err
	}
	if err := o.checkFirst(a); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a, nil
}

func (o *Opener) checkFirst(a *wire.Answer) error {
	label := a.Get(contentRange)
	if label == "" {
		if a.Length < 0 || a.Length == o.Rule.Size {
			return ranged.ErrUnfit // it may be the range without its label, or the whole
		}
		return nil
	}
	n, total, ok := ranged.ParseContentRange(label, 0, o.Rule.Size)
	switch {
	case !ok || n != min(o.Rule.Size, total):
		return o.unfit()
	case a.Length >= 0 && n != a.Length:
		return ranged.ErrLength
	}
	return nil
}

// unfit remembers that the store's ranges are of no use.
func (o *Opener) unfit() error {
	o.Can.Lose(ability.Ranges)
	return ranged.ErrUnfit
}

// version is one version of an object whose content is being read. It is safe for
// concurrent use.
type version struct {
	o     *Opener
	key   string
	etag  string // as the first answer had it; empty: there is none
	size  int64  // of the whole object, in bytes
	whole bool   // it is read with one request, if nothing breaks off
}

// get asks for the bytes from off to before end. Where the store gives no ranges, an
// object that is read with one request is asked for from its beginning.
func (v version) get(ctx context.Context, off, end int64) (io.ReadCloser, error) {
	if v.etag == "" {
		return nil, errNoVersion
	}
	if !v.whole || v.o.Can.Has(ability.Ranges) {
		body, err := v.getRange(ctx, off, end)
		if !v.whole || !errors.Is(err, ranged.ErrUnfit) {
			return body, err
		}
	}
	r := wire.NewRequest(http.MethodGet, v.key)
	a, err := v.send(ctx, r)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, a.Body, off); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, core.Transient(err)
	}
	return a.Body, nil
}

// errNoVersion ends the read of an object without an ETag whose body broke off: the
// rest may be of another version, so that another try has to begin from the start.
var errNoVersion = core.Transient(fmt.Errorf("%w: the connection broke off, and without an ETag nothing tells whether the rest is of the same version", ranged.ErrRestart))

func (v version) getRange(ctx context.Context, off, end int64) (io.ReadCloser, error) {
	r := wire.NewRequest(http.MethodGet, v.key)
	r.Set(wire.Range, ranged.Header(off, end))
	a, err := v.send(ctx, r)
	switch {
	case wire.HasStatus(err, http.StatusRequestedRangeNotSatisfiable):
		return nil, v.changed("it is shorter")
	case err != nil && ability.MayBeAbout(err):
		return nil, core.Transient(v.o.unfit())
	case err != nil:
		return nil, err
	}
	if err := v.check(a, off, end); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a.Body, nil
}

// send sends r on the condition that the version is still there.
func (v version) send(ctx context.Context, r *wire.Request) (*wire.Answer, error) {
	r.Set(wire.IfMatch, v.condition())
	a, err := v.o.get(ctx, r)
	switch {
	case err == nil && a.ETag() != format.BareETag(&v.etag):
		_ = a.Body.Close() // it is of no use
		return nil, v.changed("it has another ETag")
	case wire.HasStatus(err, http.StatusNotFound) && wire.CodeOf(err) != "NoSuchBucket":
		return nil, fmt.Errorf("%w: it is gone", core.ErrChanged)
	case errors.Is(err, io.EOF): // a reader would take it for the end
		return nil, errNoAnswer
	}
	return a, err
}

// condition returns the ETag if a condition can have it: a weak one, as proxies
// make them, fulfils none, and conditions have no ETags without quotes. The answer
// is looked at in any case.
func (v version) condition() string {
	if !strings.HasPrefix(v.etag, `"`) {
		return ""
	}
	return v.etag
}

// check checks the answer to a range: a store may have ignored it.
func (v version) check(a *wire.Answer, off, end int64) error {
	n, total, ok := ranged.ParseContentRange(a.Get(contentRange), off, end)
	switch {
	case ok && total != v.size:
		return v.changed("it has another size")
	case !ok || n != end-off:
		return core.Transient(v.o.unfit())
	case a.Length >= 0 && n != a.Length:
		return ranged.ErrLength
	}
	return nil
}

// errNoAnswer stands for io.EOF, with which each try of a request ended.
var errNoAnswer = fmt.Errorf("the store closes connections without an answer: %w", io.ErrUnexpectedEOF)

func (v version) changed(how string) error {
	return fmt.Errorf("%w: %s than when its first bytes were read", core.ErrChanged, how)
}
