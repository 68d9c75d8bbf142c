package reconcile

import (
	"context"
	"fmt"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// Side names one of the two trees of a run.
type Side uint8

// The sides.
const (
	SideSource Side = iota
	SideDestination
)

// String returns "source" or "destination".
func (s Side) String() string {
	if s == SideSource {
		return "source"
	}
	return "destination"
}

// A Pair is the entries of the two trees at one key.
type Pair struct {
	Key      string
	Src, Dst *core.Entry // nil for nothing
	// Err, if not nil, is a listing's error that concerns Key alone; Side says
	// whose. Src and Dst are nil then.
	Err  error
	Side Side
}

// takeDirectory removes a directory of the destination from the pair, if that is its
// Dst, and returns its key.
func (p *Pair) takeDirectory() (dir string, ok bool) {
	if p.Dst == nil {
		return "", false
	}
	if dir, ok = p.Dst.Directory(); ok {
		p.Dst = nil
	}
	return dir, ok
}

// A Lister is the part of a Tree that Join reads.
type Lister func(ctx context.Context, after string) iter.Seq2[core.Entry, error]

// An OrderError says that a listing was out of key order, and which. It is
// [core.ErrUnordered].
type OrderError struct {
	Side       Side
	Prev, Next string // the two keys, as they came
}

// Error names the side and the two keys.
func (e *OrderError) Error() string {
	return fmt.Sprintf("%s: %v: %s came after %s", e.Side, core.ErrUnordered, core.DisplayKey(e.Next), core.DisplayKey(e.Prev))
}

// Unwrap returns [core.ErrUnordered].
func (e *OrderError) Unwrap() error { return core.ErrUnordered }

// Join merges two listings into pairs, in byte order of key and in constant
// memory. The listings run ahead of the consumer, each in its own goroutine;
// none is left when the sequence ends. The order of each is checked on every
// entry: an [*OrderError] ends the sequence before any pair that rests on the
// wrong order.
func Join(ctx context.Context, src, dst Lister) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		s, d := newCursor(ctx, SideSource, src), newCursor(ctx, SideDestination, dst)
		defer d.drain()
		defer s.drain()
		defer cancel()
		merge(s, d, yield)
	}
}

func merge(s, d *cursor, yield func(Pair, error) bool) {
	a, b := s.next(), d.next()
	for {
		switch {
		case a.fatal() || b.fatal():
			yield(Pair{}, firstError(a, b))
			return
		case a.end && b.end:
			return
		case a.err != nil:
			if !yield(Pair{Key: a.entry.Key, Err: a.err, Side: SideSource}, nil) {
				return
			}
			a = s.next()
		case b.err != nil:
			if !yield(Pair{Key: b.entry.Key, Err: b.err, Side: SideDestination}, nil) {
				return
			}
			b = d.next()
		case b.end || (!a.end && a.entry.Key < b.entry.Key):
			if !yield(Pair{Key: a.entry.Key, Src: a.entry}, nil) {
				return
			}
			a = s.next()
		case a.end || b.entry.Key < a.entry.Key:
			if !yield(Pair{Key: b.entry.Key, Dst: b.entry}, nil) {
				return
			}
			b = d.next()
		default:
			if !yield(Pair{Key: a.entry.Key, Src: a.entry, Dst: b.entry}, nil) {
				return
			}
			a, b = s.next(), d.next()
		}
	}
}

func firstError(a, b item) error {
	if a.fatal() {
		return a.err
	}
	return b.err
}

// item is one step of a listing: an entry, an error of one key, an error that
// ends it, or its end.
type item struct {
	entry *core.Entry
	err   error
	keyed bool
	end   bool
}

func (i item) fatal() bool { return i.err != nil && !i.keyed }

// batchSize is how many entries a listing hands over at once: a channel
// operation an entry would cost more than the merge.
const batchSize = 256

type listed struct {
	entry core.Entry
	err   error
}

// cursor reads one listing ahead in its own goroutine.
type cursor struct {
	ctx     context.Context //nolint:containedctx // It lives as long as one listing.
	side    Side
	batches chan []listed
	batch   []listed
	at      int
	last    string
	started bool
	failed  error
}

func newCursor(ctx context.Context, side Side, list Lister) *cursor {
	c := &cursor{ctx: ctx, side: side, batches: make(chan []listed, 2)}
	go c.fill(ctx, list)
	return c
}

func (c *cursor) fill(ctx context.Context, list Lister) {
	defer close(c.batches)
	batch := make([]listed, 0, batchSize)
	for e, err := range list(ctx, "") {
		batch = append(batch, listed{e, err})
		if len(batch) < batchSize && err == nil {
			continue
		}
		select {
		case c.batches <- batch:
			batch = make([]listed, 0, batchSize)
		case <-ctx.Done():
			return
		}
	}
	select {
	case c.batches <- batch:
	case <-ctx.Done():
	}
}

// drain waits for the goroutine after its context was cancelled.
func (c *cursor) drain() {
	for range c.batches { //nolint:revive // Only the end matters.
	}
}

func (c *cursor) next() item {
	if c.failed != nil {
		return item{err: c.failed}
	}
	for c.at == len(c.batch) {
		batch, ok := <-c.batches
		if !ok && c.ctx.Err() != nil {
			return c.failure(c.ctx.Err()) // a listing that was cut must not look complete
		}
		if !ok {
			return item{end: true}
		}
		c.batch, c.at = batch, 0
	}
	l := &c.batch[c.at]
	c.at++
	if l.err != nil {
		return c.failure(l.err)
	}
	if c.started && l.entry.Key <= c.last {
		c.failed = &OrderError{Side: c.side, Prev: c.last, Next: l.entry.Key}
		return item{err: c.failed}
	}
	c.last, c.started = l.entry.Key, true
	return item{entry: &l.entry}
}

func (c *cursor) failure(err error) item {
	if key, ok := core.ErrorKey(err); ok {
		return item{entry: &core.Entry{Key: key}, err: err, keyed: true}
	}
	c.failed = err
	return item{err: err}
}
