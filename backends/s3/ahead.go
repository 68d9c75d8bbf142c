package s3

import (
	"context"
	"io"
	"io/fs"
	"sync"

	"github.com/s3fc/s3fc/core"
)

// ahead reads a large object in ranges, a few of which are on their way at once,
// and delivers them in order. The ranges ahead of the reader are kept in buffers
// of the run's budget, and asked for only while there are any: it never waits for
// one, so that a copy whose other half waits for a buffer goes on. Without, the
// range that is being read is a longer one, and comes straight through.
//
// All ranges are of one version of the object. It ends after exactly its size,
// or with an error. It is read from one goroutine.
type ahead struct {
	v      version
	ctx    context.Context //nolint:containedctx // It lives as long as one body.
	cancel func()
	pool   *core.Buffers
	queue  []io.Reader // pieces in order; the first is being read
	next   int64       // the first byte that is in none of them
	err    error
	wg     sync.WaitGroup
}

// newAhead reads the object of which first is the beginning. Further ranges are
// asked for from the first Read on.
func newAhead(ctx context.Context, first *piece) *ahead {
	ctx, cancel := context.WithCancel(ctx)
	first.ctx = ctx
	return &ahead{
		v: first.v, ctx: ctx, cancel: cancel, pool: first.v.tree.opts.Env.Buffers,
		queue: []io.Reader{first}, next: first.end,
	}
}

// Read implements [io.Reader].
func (a *ahead) Read(b []byte) (int, error) {
	for a.err == nil {
		a.fetch()
		if len(a.queue) == 0 {
			a.err = io.EOF
			break
		}
		n, err := a.queue[0].Read(b)
		if err == io.EOF { //nolint:errorlint // Pieces return it as it is, and only at their end.
			a.pop()
		} else if err != nil {
			a.err = a.failure(err)
		}
		if n > 0 || len(b) == 0 {
			return n, nil
		}
	}
	return 0, a.err
}

// failure is err in plain words, as worth another try as it was.
func (a *ahead) failure(err error) error {
	failed := a.v.tree.fail("read", a.v.key, err)
	if core.IsTransient(err) {
		return core.Transient(failed)
	}
	return failed
}

// fetch asks for what can be had ahead, and in any case for what is to be read
// next.
func (a *ahead) fetch() {
	rule := a.v.tree.ranges
	for len(a.queue) < rangesAtOnce && a.next < a.v.size {
		buf := a.pool.GetAhead(int(min(rule.size, a.v.size-a.next)))
		if buf == nil {
			break
		}
		to := newAheadPiece(buf)
		from := a.piece(int64(len(buf)))
		a.queue = append(a.queue, to)
		a.wg.Go(func() { to.fetch(from) })
	}
	if len(a.queue) == 0 && a.next < a.v.size {
		a.queue = append(a.queue, a.piece(min(rule.long, a.v.size-a.next)))
	}
}

// piece is the next n bytes.
func (a *ahead) piece(n int64) *piece {
	p := &piece{v: a.v, ctx: a.ctx, off: a.next, end: a.next + n}
	a.next = p.end
	return p
}

// pop is done with the first piece, of which all was read, or which nobody
// fills any more.
func (a *ahead) pop() {
	switch p := a.queue[0].(type) {
	case *piece:
		p.close()
	case *aheadPiece:
		a.pool.PutAhead(p.buf)
	}
	a.queue = a.queue[1:]
}

// Close implements [io.Closer]. It ends all that is on its way.
func (a *ahead) Close() error {
	a.cancel()
	a.wg.Wait()
	for len(a.queue) > 0 {
		a.pop()
	}
	a.err = fs.ErrClosed
	return nil
}
