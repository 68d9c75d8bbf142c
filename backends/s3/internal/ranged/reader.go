package ranged

import (
	"context"
	"io"
	"io/fs"
	"sync"

	"github.com/s3fc/s3fc/core"
)

// Object is one version of an object.
type Object struct {
	// Size is its length in bytes.
	Size int64
	// Get asks for its bytes from off to before end. A body that breaks off there
	// is asked for again from where it broke off. An error that is not transient
	// ([core.IsTransient]) ends the object, as [ErrUnfit] and [ErrRestart] do. It is
	// safe for concurrent use.
	Get func(ctx context.Context, off, end int64) (io.ReadCloser, error)
	// Wait waits before another try of a range that failed with err, the first one
	// being 1, and reports whether to try at all.
	Wait func(ctx context.Context, try int, err error) bool
	// Rule says how long ranges are.
	Rule Rule
	// Buffers lends the memory for the ranges that are fetched ahead.
	Buffers *core.Buffers
	// Pace says how many ranges are fetched at once; nil for 4.
	Pace *Pace
}

// Reader reads an object in ranges, a few of which are fetched at once, and
// delivers them in order. The ranges ahead of the reader are in buffers of the
// run's budget, and are asked for only while it lends any: a reader never waits
// for a buffer, so that a copy whose other half waits for one goes on. Without a
// buffer, the range that is being read is a longer one, and is not stored.
//
// A Reader ends after exactly the size of its object, or with an error. It is
// used from one goroutine.
type Reader struct {
	o      Object
	ctx    context.Context //nolint:containedctx // It lives as long as one body.
	cancel func()
	queue  []io.Reader // ranges in order; the first is being read
	next   int64       // the first byte that is in none of them
	err    error
	wg     sync.WaitGroup
}

// atOnce returns how many ranges are fetched at once.
func (o *Object) atOnce() int {
	if o.Pace == nil {
		return atOnce
	}
	return o.Pace.AtOnce()
}

// NewReader reads the object o, whose first got bytes are in first. Further
// ranges are asked for from the first Read on. The Reader closes first.
func NewReader(ctx context.Context, o Object, first io.ReadCloser, got int64) *Reader {
	ctx, cancel := context.WithCancel(ctx)
	r := &Reader{o: o, ctx: ctx, cancel: cancel, next: got}
	r.queue = []io.Reader{&rangeReader{o: &r.o, ctx: ctx, stop: got, body: first}}
	return r
}

// Read implements [io.Reader].
func (r *Reader) Read(b []byte) (int, error) {
	for r.err == nil {
		r.fetch()
		if len(r.queue) == 0 {
			r.err = io.EOF
			break
		}
		n, err := r.queue[0].Read(b)
		if err == io.EOF { //nolint:errorlint // Ranges return it as it is, and only at their end.
			r.pop()
		} else if err != nil {
			r.err = err
		}
		if n > 0 && r.o.Pace != nil {
			r.o.Pace.Delivered(n)
		}
		if n > 0 || len(b) == 0 {
			return n, nil
		}
	}
	return 0, r.err
}

// fetch asks for ranges ahead of the reader, and in any case for the one that is
// to be read next.
func (r *Reader) fetch() {
	left := r.o.Size - r.next
	many := r.o.atOnce()
	for ; many > 1 && len(r.queue) < many && left > 0; left = r.o.Size - r.next {
		buf := r.o.Buffers.GetAhead(int(min(r.o.Rule.Size, left)))
		if buf == nil {
			break
		}
		to, from := newBuffered(buf), r.following(int64(len(buf)))
		r.queue = append(r.queue, to)
		r.wg.Go(func() { to.fill(from) })
	}
	if len(r.queue) == 0 && left > 0 {
		r.queue = append(r.queue, r.following(min(r.o.Rule.Long, left)))
	}
}

// following returns the range of the next n bytes.
func (r *Reader) following(n int64) *rangeReader {
	g := &rangeReader{o: &r.o, ctx: r.ctx, off: r.next, stop: r.next + n}
	r.next = g.stop
	return g
}

// pop removes the first range, which was read to its end, or which is filled no
// more.
func (r *Reader) pop() {
	switch g := r.queue[0].(type) {
	case *rangeReader:
		g.close()
	case *buffered:
		r.o.Buffers.PutAhead(g.buf)
	}
	r.queue = r.queue[1:]
}

// Close implements [io.Closer]. It ends every request of the reader. It may be
// called more than once.
func (r *Reader) Close() error {
	r.cancel()
	r.wg.Wait()
	for len(r.queue) > 0 {
		r.pop()
	}
	r.err = fs.ErrClosed
	return nil
}
