package ranged

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/s3fc/s3fc/core"
)

const (
	// tries is how often a range is asked for without much progress.
	tries = 8
	// progress is how many bytes of a range have to come until it counts as tried
	// once again.
	progress = 64 << 10
)

// rangeReader reads a range of an object as it comes. Where its body breaks off,
// the rest is asked for. It ends after exactly its length, or with an error. It
// is used from one goroutine.
type rangeReader struct {
	o        *Object
	ctx      context.Context //nolint:containedctx // It lives as long as one body.
	off      int64           // of the next byte
	stop     int64           // behind the last byte
	body     io.ReadCloser   // nil: to be asked for
	failures int
	failedAt int64 // where the first of the failures was
}

// Read implements [io.Reader].
func (r *rangeReader) Read(b []byte) (int, error) {
	for r.off < r.stop {
		n, err := r.some(b[:min(int64(len(b)), r.stop-r.off)])
		r.off += int64(n)
		if err != nil && r.off < r.stop {
			err = r.failed(err)
		} else {
			err = nil
		}
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
	}
	return 0, r.end()
}

// end closes a body of which all was read, and returns io.EOF. One read more shows
// its end, so that its connection can be used again; it is an error if the body goes
// on.
func (r *rangeReader) end() error {
	if r.body == nil {
		return io.EOF
	}
	n, _ := io.ReadFull(r.body, make([]byte, 1)) // of an error nothing is missing
	r.close()
	if n > 0 {
		return ErrLonger
	}
	return io.EOF
}

// some reads from the body, which it asks for first if need be. A body that
// breaks off is a transient error.
func (r *rangeReader) some(b []byte) (n int, err error) {
	if r.body == nil {
		if r.body, err = r.o.Get(r.ctx, r.off, r.stop); err != nil {
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
// returns ends the range. After the last try it is not transient any more: the range
// was tried often enough.
func (r *rangeReader) failed(err error) error {
	r.close()
	if !core.IsTransient(err) || errors.Is(err, ErrUnfit) || errors.Is(err, ErrRestart) {
		return err
	}
	if r.off-r.failedAt >= progress {
		r.failures = 0
	}
	if r.failures == 0 {
		r.failedAt = r.off
	}
	if r.failures++; r.failures == tries {
		return fmt.Errorf("it broke off %d times: %w", tries, final(err))
	}
	if !r.o.Wait(r.ctx, r.failures, err) {
		return err
	}
	return nil
}

// final returns the cause of a transient error.
func final(err error) error {
	for core.IsTransient(err) {
		cause := errors.Unwrap(err)
		if cause == nil {
			break
		}
		err = cause
	}
	return err
}

func (r *rangeReader) close() {
	if r.body != nil {
		_ = r.body.Close() // it was read as far as is needed, or has an error
		r.body = nil
	}
}
