package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/s3fc/s3fc/core"
)

const (
	// giveUp is how long a store that answered before may be silent.
	giveUp = 60 * time.Second
	// firstGiveUp is how long a store that never answered may be silent: with the
	// attempt that is under way then, it is given up within 10 s.
	firstGiveUp = 7 * time.Second
	// quietTime is how long nothing may come before somebody is told.
	quietTime = 8 * time.Second
	// silentFailures is how many attempts in a row get no answer before nothing but
	// probes is sent.
	silentFailures = 3
	// firstProbe and lastProbe are how long it is waited before a probe: twice as
	// long as before the one before it.
	firstProbe, lastProbe = 250 * time.Millisecond, 2 * time.Second
	// probeTime is how long a probe may take.
	probeTime = 8 * time.Second
)

// breaker stops requests while the store gives no answer at all: connections are
// refused, reset, or lead nowhere. Only probes are sent then, until one is answered,
// or the store is given up; then every request fails with that one error. Any answer
// is a sign of life, refusals too. It is safe for concurrent use.
type breaker struct {
	next   http.RoundTripper
	giveUp time.Duration
	tell   func(cause error) // that nothing comes; nil: nobody
	moved  *atomic.Int64     // the last sign of life: an answer, or a byte of a body; in ns since 1970

	mu       sync.Mutex
	answered bool          // ever
	failures int           // in a row
	since    time.Time     // the first of them
	told     bool          // of this silence
	open     chan struct{} // not nil: only probes are sent, until it is closed
	dead     error         // the store was given up
	died     time.Time
	ctx      context.Context //nolint:containedctx // Of the probes.
	end      context.CancelFunc
}

func newBreaker(next http.RoundTripper, o Options, moved *atomic.Int64) *breaker {
	b := &breaker{next: next, giveUp: o.GiveUp, tell: o.Silent, moved: moved}
	if b.giveUp == 0 {
		b.giveUp = giveUp
	}
	b.ctx, b.end = context.WithCancel(context.Background())
	return b
}

// RoundTrip implements [http.RoundTripper].
func (b *breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := b.wait(req.Context()); err != nil {
		closeBody(req)
		return nil, err
	}
	began := time.Now()
	if !mayTakeLong(req) {
		quiet := time.AfterFunc(quietTime, func() { b.quiet(began) })
		defer quiet.Stop()
	}
	req, body := watchErrors(req)
	resp, err := b.next.RoundTrip(req)
	switch {
	case err == nil:
		b.alive()
	case req.Context().Err() != nil, core.IsFinal(err), body.failed():
	default:
		return nil, b.silence(req.URL, began, err)
	}
	return resp, err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// wait waits until requests may be sent. The error is that of a store that was given
// up; a long time after that, it is tried again.
func (b *breaker) wait(ctx context.Context) error {
	for {
		b.mu.Lock()
		if b.dead != nil && time.Since(b.died) > b.giveUp {
			b.dead, b.failures = nil, 0
		}
		dead, open := b.dead, b.open
		b.mu.Unlock()
		if dead != nil || open == nil {
			return dead
		}
		select {
		case <-open:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *breaker) everAnswered() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answered
}

// alive notes an answer, and lets all requests go on.
func (b *breaker) alive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answered, b.failures, b.told, b.dead = true, 0, false, nil
	b.moved.Store(time.Now().UnixNano())
	b.resume()
}

// resume lets waiting requests go on. The lock is held.
func (b *breaker) resume() {
	if b.open != nil {
		close(b.open)
		b.open = nil
	}
}

// silence notes an attempt that began then and got no answer, and returns its error.
func (b *breaker) silence(u *url.URL, began time.Time, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead != nil {
		return b.dead
	}
	if b.failures == 0 {
		b.since = time.Now()
		if !b.answered {
			b.since = began
		}
	}
	b.failures++
	switch {
	case !b.answered && (isPermanent(err) || b.silent() >= firstGiveUp):
		return b.die(u, err)
	case b.answered && b.failures >= silentFailures && b.open == nil:
		b.open = make(chan struct{})
		go b.probe(u, err)
	}
	return err
}

// silent returns for how long there has been no sign of life. The lock is held.
func (b *breaker) silent() time.Duration {
	since := b.since
	if moved := time.Unix(0, b.moved.Load()); moved.After(since) {
		since = moved
	}
	return time.Since(since)
}

// die gives the store up. The lock is held.
func (b *breaker) die(u *url.URL, err error) error {
	b.dead = core.Final(&UnreachableError{Host: u.Host, Silent: b.silent(), Answered: b.answered, Err: err})
	b.died = time.Now()
	b.resume()
	return b.dead
}

// probe sends probes until the store answers, or was silent for too long. A probe is
// an unsigned HEAD of the endpoint: whatever the answer is, it is one.
func (b *breaker) probe(u *url.URL, cause error) {
	for pause := firstProbe; ; pause = min(2*pause, lastProbe) {
		if !sleep(b.ctx, pause) {
			b.stop()
			return
		}
		if b.probing(u, cause) {
			return
		}
		ctx, cancel := context.WithTimeout(b.ctx, probeTime)
		req := (&http.Request{Method: http.MethodHead, URL: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}, Host: u.Host, Header: http.Header{"User-Agent": {"s3fc"}}}).WithContext(ctx)
		resp, err := b.next.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
			b.alive()
		}
		cancel()
		if err != nil {
			cause = err
		}
	}
}

// probing reports whether no further probe is to be sent.
func (b *breaker) probing(u *url.URL, cause error) (done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.open == nil:
		return true
	case core.IsFinal(cause): // the budget is spent
		b.resume()
		return true
	case b.silent() >= b.giveUp:
		_ = b.die(u, cause) // it is kept
		return true
	}
	b.say(cause)
	return false
}

// stop ends probes because the transport is closed.
func (b *breaker) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resume()
}

// say tells once of each silence that nothing comes. The lock is held.
func (b *breaker) say(cause error) {
	if b.tell == nil || b.told || b.silent() < quietTime/2 {
		return
	}
	b.told = true
	go b.tell(cause)
}

// quiet tells that an attempt which began then has no answer yet, if nothing else
// came either.
func (b *breaker) quiet(began time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(time.Unix(0, b.moved.Load())) < quietTime || b.tell == nil || b.told {
		return
	}
	b.told = true
	go b.tell(fmt.Errorf("a request that was sent %.0f seconds ago has no answer", time.Since(began).Seconds()))
}

// UnreachableError is a store that gave no answer at all.
type UnreachableError struct {
	Host     string
	Silent   time.Duration // how long
	Answered bool          // it did before
	Err      error         // of the last attempt
}

// Error gives the endpoint, the last error and the remedy.
func (e *UnreachableError) Error() string {
	if remedy := remedyFor(e.Err); remedy != "" {
		return fmt.Sprintf("%s cannot be reached: %v: %s", e.Host, bare(e.Err), remedy)
	}
	if e.Answered {
		return fmt.Sprintf("%s has given no answer for %.0f seconds: %v", e.Host, e.Silent.Seconds(), bare(e.Err))
	}
	return fmt.Sprintf("%s cannot be reached: %v: check the endpoint, and the network", e.Host, bare(e.Err))
}

// Unwrap returns the error of the last attempt.
func (e *UnreachableError) Unwrap() error { return e.Err }

// bare takes off the wrapping of net/http and net, which name the host once more: of
// "dial tcp 192.0.2.1:443: connect: connection refused" the end is left.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var op *net.OpError
	switch is := errors.As(err, &op); {
	case is && op.Op == "proxyconnect":
		return fmt.Errorf("the proxy: %w", bare(op.Err))
	case is && op.Op == "dial":
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err
}

// isPermanent reports whether an endpoint that never answered will not answer in a
// moment either: nobody listens there, there is no such host, or it speaks another
// protocol.
func isPermanent(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns) && dns.IsNotFound || remedyFor(err) != ""
}

// remedyFor returns the remedy for an endpoint of another protocol, or with a
// certificate that is not trusted; "" for another error.
func remedyFor(err error) string {
	var (
		unknown   x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		dns       *net.DNSError
		verifying *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the endpoint does not speak TLS there: write http:// in endpoint=, or its TLS port"
	case errors.As(err, &unknown):
		return "its certificate is of an authority that is not trusted here: name the authority's file in AWS_CA_BUNDLE"
	case errors.As(err, &host):
		return "its certificate is for another name: write that name in endpoint="
	case errors.As(err, &invalid):
		return "its certificate is not valid: check its dates, and this machine's clock"
	case errors.As(err, &verifying):
		return "its certificate cannot be verified: name the authority's file in AWS_CA_BUNDLE"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "there is no such host: check the endpoint and the region"
	}
	return ""
}

// watchedErrors is a body of which it is known whether it could be read.
type watchedErrors struct {
	io.ReadCloser
	broken atomic.Bool
}

// watchErrors returns req with a watch around its body, if it has one.
func watchErrors(req *http.Request) (*http.Request, *watchedErrors) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil
	}
	w := &watchedErrors{ReadCloser: req.Body}
	watched := *req
	watched.Body = w
	return &watched, w
}

// Read implements [io.Reader].
func (w *watchedErrors) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.broken.Store(true)
	}
	return n, err
}

func (w *watchedErrors) failed() bool { return w != nil && w.broken.Load() }
