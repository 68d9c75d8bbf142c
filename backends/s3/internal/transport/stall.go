package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// stallTimeout is how long no byte may move on a request, in either
	// direction.
	stallTimeout = 90 * time.Second
	// completeFactor is by how much longer the completion of an upload may take,
	// at which some stores copy the whole object before they answer.
	completeFactor = 7
)

// stallGuard ends a request when no byte has moved on it for too long.
type stallGuard struct {
	next  http.RoundTripper
	limit time.Duration // 0: stallTimeout
	moved atomic.Int64  // when a byte of a body moved last, in ns since 1970
}

// StallError is the error of a request on which no byte moved for After.
type StallError struct{ After time.Duration }

// Error implements error.
func (e *StallError) Error() string { return fmt.Sprintf("nothing came or went for %v", e.After) }

// Timeout reports that the error is one of time, as [net.Error] has it.
func (e *StallError) Timeout() bool { return true }

// Temporary reports that another try may help, as the SDK's retryer asks it.
func (e *StallError) Temporary() bool { return true }

// RoundTrip implements [http.RoundTripper].
func (s *stallGuard) RoundTrip(req *http.Request) (*http.Response, error) {
	limit := s.limit
	if limit == 0 {
		limit = stallTimeout
	}
	if mayTakeLong(req) {
		limit *= completeFactor
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	w := &watch{moved: &s.moved, limit: limit, cancel: cancel, ctx: ctx}
	w.timer = time.AfterFunc(limit, func() { cancel(&StallError{limit}) })
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &watched{ReadCloser: req.Body, watch: w}
	}
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		w.stop()
		return nil, w.explain(err)
	}
	w.timer.Stop()
	resp.Body = &watched{ReadCloser: resp.Body, watch: w, answer: true}
	return resp, nil
}

// mayTakeLong reports whether the store may copy a whole object before it answers.
func mayTakeLong(req *http.Request) bool {
	return req.Method == http.MethodPost && req.URL.Query().Has("uploadId") || req.Header.Get("X-Amz-Copy-Source") != ""
}

// watch is the timer of one request.
type watch struct {
	moved  *atomic.Int64
	limit  time.Duration
	timer  *time.Timer
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (w *watch) poke() { w.timer.Reset(w.limit) }

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// explain puts the stall in the place of the cancellation that it caused.
func (w *watch) explain(err error) error {
	var st *StallError
	if errors.As(context.Cause(w.ctx), &st) {
		return st
	}
	return err
}

// watched is a body on whose every read its request is known to be alive. A
// reader of an answer may take its time between two reads; a request may not.
type watched struct {
	io.ReadCloser
	watch  *watch
	answer bool
}

// Read implements [io.Reader].
func (b *watched) Read(p []byte) (int, error) {
	b.watch.poke()
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.watch.moved.Store(time.Now().UnixNano())
	}
	if b.answer {
		b.watch.timer.Stop()
		if err != nil && !errors.Is(err, io.EOF) {
			err = b.watch.explain(err)
		}
	}
	return n, err
}

// Close implements [io.Closer].
func (b *watched) Close() error {
	err := b.ReadCloser.Close()
	if b.answer {
		b.watch.stop()
	}
	return err
}
