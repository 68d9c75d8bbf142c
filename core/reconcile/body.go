package reconcile

import (
	"context"
	"errors"
	"io"
)

// readError tells an error of the source from one of the destination, through
// whatever the destination wraps around it.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// tracker counts a body's bytes, marks its errors, and ends with its context.
type tracker struct {
	ctx   context.Context //nolint:containedctx // It lives as long as one transfer.
	body  io.Reader
	moved func(int)
}

func (t *tracker) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.body.Read(p)
	t.moved(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &readError{err}
	}
	return n, err
}

// atTracker is a tracker of a body that can be read anywhere, so that parts of
// it can be sent in parallel.
type atTracker struct {
	tracker
	at io.ReaderAt
}

func (t *atTracker) ReadAt(p []byte, off int64) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.at.ReadAt(p, off)
	t.moved(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &readError{err}
	}
	return n, err
}

// track returns body with moved told of each read.
func track(ctx context.Context, body io.Reader, moved func(int)) io.Reader {
	t := tracker{ctx: ctx, body: body, moved: moved}
	if at, ok := body.(io.ReaderAt); ok {
		return &atTracker{tracker: t, at: at}
	}
	return &t
}
