package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	dialTimeout = 10 * time.Second
	// stallTimeout is how long nothing may move on a request, in either
	// direction.
	stallTimeout = 90 * time.Second
	// completeFactor is by how much longer the completion of an upload may take,
	// at which some stores copy the whole object before they answer.
	completeFactor = 7
)

// newTransport returns a transport that keeps a connection for each job. What
// base, the SDK's own client, was configured with (a CA bundle) is kept.
func newTransport(base any, jobs int) http.RoundTripper {
	var tr *http.Transport
	if b, ok := base.(*awshttp.BuildableClient); ok {
		tr = b.GetTransport()
	} else {
		tr = http.DefaultTransport.(*http.Transport).Clone()
	}
	idle := max(64, 2*jobs)
	tr.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	tr.TLSHandshakeTimeout = dialTimeout
	tr.MaxIdleConns, tr.MaxIdleConnsPerHost = idle, idle
	tr.IdleConnTimeout = 90 * time.Second
	tr.DisableCompression = true // what is stored is what is hashed
	tr.ForceAttemptHTTP2 = false
	tr.WriteBufferSize, tr.ReadBufferSize = 32<<10, 32<<10
	return tr
}

// newHTTPClient returns a client that follows only the redirects that keep the
// method, as S3 sends while a new bucket's name spreads.
func newHTTPClient(rt http.RoundTripper) *http.Client {
	return &http.Client{Transport: rt, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if s := req.Response.StatusCode; s != http.StatusTemporaryRedirect && s != http.StatusPermanentRedirect || len(via) > 3 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// stallGuard ends requests on which nothing moves any more.
type stallGuard struct {
	next  http.RoundTripper
	limit time.Duration // 0: stallTimeout
}

// stalled is the cause with which a stallGuard ends a request.
type stalled struct{ after time.Duration }

func (e *stalled) Error() string   { return fmt.Sprintf("nothing came or went for %v", e.after) }
func (e *stalled) Timeout() bool   { return true }
func (e *stalled) Temporary() bool { return true }

// RoundTrip implements [http.RoundTripper].
func (s *stallGuard) RoundTrip(req *http.Request) (*http.Response, error) {
	limit := s.limit
	if limit == 0 {
		limit = stallTimeout
	}
	if req.Method == http.MethodPost && req.URL.Query().Has("uploadId") || req.Header.Get("X-Amz-Copy-Source") != "" {
		limit *= completeFactor
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	w := &watch{limit: limit, cancel: cancel, ctx: ctx}
	w.timer = time.AfterFunc(limit, func() { cancel(&stalled{limit}) })
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

// watch is the timer of one request.
type watch struct {
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
	var st *stalled
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
