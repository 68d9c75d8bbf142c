// Package contents opens objects for reading: with one request, or a large object
// with several ranges. A body that breaks off is gone on with, an answer that does
// not say how long it is has the length that a listing says, and an object that is
// inflated on the way is asked for as it is stored.
package contents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/ranged"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// Store asks for objects.
type Store interface {
	// Head asks for an object's metadata.
	Head(ctx context.Context, key string) (*wire.Answer, error)
	// Get sends a GET, or the HEAD of a part. The caller closes the body of the answer.
	Get(ctx context.Context, r *wire.Request) (*wire.Answer, error)
}

// Opener opens the objects of a bucket. Its fields are set before its first use; it
// is safe for concurrent use.
type Opener struct {
	Store  Store
	Can    *ability.Set
	Layout format.Layout
	// Rule says which objects are read in ranges, and Buffers lends their memory.
	Rule    ranged.Rule
	Buffers *core.Buffers
	// Ahead says how many ranges of an object that is read in order are fetched at once,
	// and Parts how many parts of one object; nil for 4.
	Ahead, Parts *ranged.Pace
	// Wait waits before another try, the first one being 1, of a request that failed
	// with err, and reports whether to try at all.
	Wait func(ctx context.Context, try int, err error) bool
	// Listed returns an object as a listing shows it; an error that is
	// fs.ErrNotExist if it is not listed.
	Listed func(ctx context.Context, key string) (listing.Object, error)
	// Page returns the first page of the listing of all objects.
	Page func(ctx context.Context) ([]listing.Object, error)
	// Trusted says that an ETag is an md5 wherever answers do not say that it is none,
	// as at AWS.
	Trusted bool

	probes probes
	proof  sync.Mutex // held by a read that may prove whether ETags are md5s
	parts  partsKnown
}

// Key names an object: in the bucket, and in the tree.
type Key struct{ Object, Entry string }

// Stat returns the complete entry of an object with one HEAD. If the answer does not
// say how long the object is, a LIST does. If only the body can tell a link from a
// file, or whether its ETag is an md5, it is read with a GET.
func (o *Opener) Stat(ctx context.Context, key Key) (core.Entry, error) {
	a, err := o.Store.Head(ctx, key.Object)
	if err != nil {
		return core.Entry{}, err
	}
	if err := o.setLength(ctx, key.Object, a, 0); err != nil {
		return core.Entry{}, err
	}
	object := o.Object(a, key)
	if o.conflict(object) {
		if err := o.settle(ctx, key, &object); err != nil {
			return core.Entry{}, err
		}
	}
	e, needBody := o.Layout.Entry(object, nil)
	if !needBody {
		return e, nil
	}
	r, e, err := o.Open(ctx, key, 0)
	if r != nil {
		err = r.Close()
	}
	return e, err
}

// Open returns the content of an object and its entry, with one GET, or with one for
// each range of a large object. The size is the one that a listing showed, or 0. The
// reader is nil for a link; it ends after exactly the entry's size, or with an error.
func (o *Opener) Open(ctx context.Context, key Key, size int64) (io.ReadCloser, core.Entry, error) {
	if size > o.Rule.Above && o.Can.Has(ability.Ranges) {
		r, e, err := o.openLarge(ctx, key)
		if !errors.Is(err, ranged.ErrUnfit) {
			return r, e, err
		}
	}
	a, err := o.get(ctx, wire.NewRequest(http.MethodGet, key.Object))
	if err != nil {
		return nil, core.Entry{}, err
	}
	if err := o.setLength(ctx, key.Object, a, size); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, core.Entry{}, err
	}
	return o.opened(ctx, key, a, a.Length)
}

// opened returns the content and the entry of an object, of which a has the first
// got bytes. The length of a is the object's.
func (o *Opener) opened(ctx context.Context, key Key, a *wire.Answer, got int64) (io.ReadCloser, core.Entry, error) {
	object := o.Object(a, key)
	e, needBody := o.Layout.Entry(object, nil)
	if !needBody && e.Kind != core.File {
		discard(a.Body, got)
		return nil, e, nil
	}
	r, conflict := o.reader(ctx, key.Object, a, got), o.conflict(object)
	switch {
	case needBody, (conflict || !e.MD5.Known() && looksPlain(a)) && a.Length <= core.SmallFile:
		return o.readWhole(a, object, r)
	case conflict:
		e.MD5 = core.MD5{} // the content tells
	}
	if got < a.Length {
		if body := o.inParts(ctx, key.Object, object, r, version{etag: a.Get(wire.ETag)}.condition()); body != nil {
			return body, e, nil
		}
	}
	return o.prove(ctx, key, object, r), e, nil
}

// looksPlain reports whether the ETag of an answer has the form of an md5, and nothing
// says that it is none.
func looksPlain(a *wire.Answer) bool {
	_, plain := a.Object("").MD5()
	return plain
}

// readWhole reads a small object whose content has to be known before its entry is.
func (o *Opener) readWhole(a *wire.Answer, object format.Object, r io.ReadCloser) (io.ReadCloser, core.Entry, error) {
	body, err := io.ReadAll(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, core.Entry{}, err
	}
	content := core.SumMD5(body)
	e, _ := o.Layout.Entry(object, body)
	if e.Kind != core.File {
		if sum, plain := a.Object("").MD5(); plain && sum != content && !o.Trusted && !o.Can.Proved(ability.PlainMD5) {
			o.Can.Lose(ability.PlainMD5) // a page of ours, whose metadata says so
		}
		return nil, e, nil
	}
	if sum, plain := object.MD5(); plain && !o.learn(content, object) && sum != content {
		return nil, core.Entry{}, corrupt(content, object)
	}
	e.MD5 = content
	return io.NopCloser(bytes.NewReader(body)), e, nil
}

// reader returns the content of an object, of which a has the first got bytes.
func (o *Opener) reader(ctx context.Context, key string, a *wire.Answer, got int64) *ranged.Reader {
	v := version{o: o, key: key, etag: a.Get(wire.ETag), size: a.Length, whole: got == a.Length}
	return ranged.NewReader(ctx, ranged.Object{Size: a.Length, Get: v.get, Wait: o.Wait, Rule: o.Rule, Buffers: o.Buffers, Pace: o.Ahead}, a.Body, got)
}

// setLength sets the length of an answer that does not say it to the size that a
// listing showed, or shows now if that is 0.
func (o *Opener) setLength(ctx context.Context, key string, a *wire.Answer, size int64) error {
	if a.Length >= 0 {
		return nil
	}
	o.Can.Lose(ability.Lengths)
	if a.Length = size; size > 0 {
		return nil
	}
	listed, err := o.Listed(ctx, key)
	if err != nil {
		return fmt.Errorf("the store does not say how long the object is: %w", err)
	}
	if tag := format.BareETag(&listed.ETag); tag != "" && a.ETag() != "" && tag != a.ETag() {
		return fmt.Errorf("%w: it was replaced while it was read", core.ErrChanged)
	}
	a.Length = listed.Size
	return nil
}

// get sends a GET, once more if the answer was inflated on the way: with a header
// that accepts the stored bytes.
func (o *Opener) get(ctx context.Context, r *wire.Request) (*wire.Answer, error) {
	a, err := o.Store.Get(ctx, r)
	if err != nil || !inflated(a) {
		return a, err
	}
	_ = a.Body.Close() // it is of no use
	r.Set(acceptEncoding, "gzip")
	if a, err = o.Store.Get(ctx, r); err == nil && inflated(a) {
		_ = a.Body.Close() // as above
		return nil, errInflated
	}
	return a, err
}

const acceptEncoding = "Accept-Encoding"

// errInflated is an object whose stored bytes cannot be had.
var errInflated = errors.New("the store inflates this object, which has Content-Encoding: gzip, and does not give its stored bytes: store it without that encoding, or with Cache-Control: no-transform")

// inflated reports whether an answer says that its content differs from the stored
// one: Google Cloud Storage inflates objects stored with Content-Encoding: gzip,
// and proxies announce that with a warning of code 214.
func inflated(a *wire.Answer) bool {
	if a.Get("Content-Encoding") != "" {
		return false
	}
	stored := a.Get("X-Goog-Stored-Content-Encoding")
	return stored != "" && stored != "identity" || len(a.Get("Warning")) > 3 && a.Get("Warning")[:3] == "214"
}

// discard closes a body of size bytes. A short one is read to its end, so that its
// connection can be used again.
func discard(body io.ReadCloser, size int64) {
	if size <= format.LongestLinkPage {
		_, _ = io.CopyN(io.Discard, body, format.LongestLinkPage+1)
	}
	_ = body.Close()
}
