package ranged

import (
	"context"
	"errors"
	"io"

	"github.com/s3fc/s3fc/core"
)

// tries is how often the body of one range may break off until the transfer has
// to start anew.
const tries = 4

// rangeReader reads a range of an object as it comes. Where its body breaks off,
// the rest is asked for. It ends after exactly its length, or with an error. It
// is used from one goroutine.
type rangeReader struct {
	o        *Object
	ctx      context.Context //nolint:containedctx // It lives as long as one body.
	off      int64           // of the next byte
	end      int64
	body     io.ReadCloser // nil: to be asked for
	failures int
}

// Read implements [io.Reader].
func (r *rangeReader) Read(b []byte) (int, error) {
	for r.off < r.end {
		n, err := r.some(b[:min(int64(len(b)), r.end-r.off)])
		r.off += int64(n)
		if err != nil && r.off < r.end {
			err = r.failed(err)
		} else {
			err = nil
		}
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
	}
	r.close()
	return 0, io.EOF
}

// some reads from the body, which it asks for first if need be. A body that
// breaks off is a transient error.
func (r *rangeReader) some(b []byte) (n int, err error) {
	if r.body == nil {
		if r.body, err = r.o.Get(r.ctx, r.off, r.end); err != nil {
			return 0, err
		}
	}
	n, err = r.body.Read(b)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, core.Transient(err)
}

// failed waits until another try after err is worthwhile. The error that it
// returns ends the range.
func (r *rangeReader) failed(err error) error {
	r.close()
	r.failures++
	if !core.IsTransient(err) || errors.Is(err, ErrUnfit) || r.failures == tries || !r.o.Wait(r.ctx, r.failures, err) {
		return err
	}
	return nil
}

// close closes the body. If all of it was read, one read more shows its end, so
// that its connection can be used again.
func (r *rangeReader) close() {
	if r.body == nil {
		return
	}
	if r.off == r.end {
		_, _ = r.body.Read(make([]byte, 1))
	}
	_ = r.body.Close() // it was read as far as is needed, or has an error
	r.body = nil
}
