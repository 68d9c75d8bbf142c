package reconcile

import (
	"context"
	"errors"
	"io"

	"github.com/s3fc/s3fc/core"
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

// partedTracker is a tracker of a body whose parts are copied side by side.
type partedTracker struct {
	tracker
	core.PartedBody
}

func (t *partedTracker) Read(p []byte) (int, error) { return t.tracker.Read(p) }

// CopyPart implements [core.PartedBody].
func (t *partedTracker) CopyPart(ctx context.Context, i int, w io.Writer) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	to := &trackedWriter{w: w, moved: t.moved}
	err := t.PartedBody.CopyPart(ctx, i, to)
	switch {
	case err == nil:
		return nil
	case to.err != nil:
		return to.err
	}
	return &readError{err}
}

// Confirm implements [core.PartedBody].
func (t *partedTracker) Confirm(sums []core.MD5, whole func() (core.MD5, error)) (core.MD5, error) {
	var failed error
	sum, err := t.PartedBody.Confirm(sums, func() (sum core.MD5, err error) {
		sum, failed = whole()
		return sum, failed
	})
	switch {
	case err == nil:
		return sum, nil
	case failed != nil:
		return core.MD5{}, failed
	}
	return core.MD5{}, &readError{err}
}

// trackedWriter counts the bytes that are written, and stores the error of w.
type trackedWriter struct {
	w     io.Writer
	moved func(int)
	err   error
}

func (t *trackedWriter) Write(p []byte) (n int, err error) {
	n, err = t.w.Write(p)
	t.moved(n)
	t.err = err
	return n, err
}

// track returns body with moved told of each read.
func track(ctx context.Context, body io.Reader, moved func(int)) io.Reader {
	t := tracker{ctx: ctx, body: body, moved: moved}
	switch body := body.(type) {
	case core.PartedBody:
		return &partedTracker{tracker: t, PartedBody: body}
	case io.ReaderAt:
		return &atTracker{tracker: t, at: body}
	}
	return &t
}
