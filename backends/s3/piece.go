package s3

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/transport"
	"github.com/s3fc/s3fc/core"
)

// pieceTries is how often a body may break off in one range before the transfer
// has to start anew.
const pieceTries = 4

// piece is a range of an object on its way. It is read as it comes, and where it
// breaks off the rest is asked for. What is read of it has exactly its length,
// or ends in an error. It is read from one goroutine.
type piece struct {
	v      version
	ctx    context.Context //nolint:containedctx // It lives as long as one body.
	off    int64           // of what comes next
	end    int64
	body   io.ReadCloser // nil: to be asked for
	breaks int
}

// Read implements [io.Reader].
func (p *piece) Read(b []byte) (int, error) {
	for p.off < p.end {
		n, err := p.some(b[:min(int64(len(b)), p.end-p.off)])
		p.off += int64(n)
		if err != nil && p.off < p.end {
			err = p.broken(err)
		} else {
			err = nil
		}
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
	}
	p.close()
	return 0, io.EOF
}

// some reads what there is of the body, which it asks for first if need be. A
// body that breaks off is a transient error.
func (p *piece) some(b []byte) (n int, err error) {
	if p.body == nil {
		if p.body, err = p.v.get(p.ctx, p.off, p.end); err != nil {
			return 0, err
		}
	}
	n, err = p.body.Read(b)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, core.Transient(err)
}

// broken waits until it is worth another try after err; what it returns ends the
// piece.
func (p *piece) broken(err error) error {
	p.close()
	p.breaks++
	if !core.IsTransient(err) || errors.Is(err, errNoRanges) || p.breaks == pieceTries || !transport.Pause(p.ctx, p.v.tree.client.Options().Retryer, p.breaks, err) {
		return err
	}
	return nil
}

// close lets go of the body. One that is at its end is read to see it, so that
// its connection can be used again.
func (p *piece) close() {
	if p.body == nil {
		return
	}
	if p.off == p.end {
		_, _ = p.body.Read(make([]byte, 1))
	}
	_ = p.body.Close() // what was to be read of it was, or has an error
	p.body = nil
}

// aheadPiece is a piece that is fetched into a buffer while those before it are
// read.
type aheadPiece struct {
	buf  []byte
	read int // by the one reader

	mu     sync.Mutex
	more   sync.Cond
	filled int
	err    error
}

func newAheadPiece(buf []byte) *aheadPiece {
	a := &aheadPiece{buf: buf}
	a.more.L = &a.mu
	return a
}

// fetch fills the buffer from p, and ends with it.
func (a *aheadPiece) fetch(p *piece) {
	defer p.close()
	for at := 0; at < len(a.buf); {
		n, err := p.Read(a.buf[at:])
		at += n
		a.mu.Lock()
		a.filled, a.err = at, err
		a.more.Signal()
		a.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Read implements [io.Reader]; it waits for what is not there yet.
func (a *aheadPiece) Read(b []byte) (int, error) {
	if a.read == len(a.buf) {
		return 0, io.EOF
	}
	a.mu.Lock()
	for a.filled == a.read && a.err == nil {
		a.more.Wait()
	}
	filled, err := a.filled, a.err
	a.mu.Unlock()
	if filled == a.read {
		return 0, err
	}
	n := copy(b, a.buf[a.read:filled])
	a.read += n
	return n, nil
}
