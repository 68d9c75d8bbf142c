package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3fc/s3fc/core"
)

// A server answers, or not, as it is told.
type server struct {
	down  atomic.Bool
	sent  atomic.Int64 // requests
	probe atomic.Int64 // unsigned HEADs of the root
	err   error        // while it is down
	takes time.Duration
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
	}
	if req.Method == http.MethodHead && req.URL.Path == "/" {
		s.probe.Add(1)
	} else {
		s.sent.Add(1)
	}
	if s.takes > 0 {
		time.Sleep(s.takes)
	}
	if s.down.Load() {
		return nil, s.err
	}
	return &http.Response{StatusCode: http.StatusForbidden, Body: http.NoBody, Header: http.Header{}, Request: req}, nil
}

// client sends to a server as a sender does: again, until there is no use in it.
type client struct {
	*Transport
	said chan error
}

func newClient(next http.RoundTripper) *client {
	c := &client{said: make(chan error, 100)}
	c.Transport = New(Options{Next: next, Silent: func(err error) { c.said <- err }})
	return c
}

func (c *client) send(ctx context.Context, body io.Reader) error {
	tries := c.Tries(false)
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://store.test/b/k", body)
		if err != nil {
			return err
		}
		resp, err := c.Client().Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		if !tries.Again(ctx, sendError{err}) {
			return err
		}
	}
}

// sendError is an error of a request that got no answer, as the sender has it.
type sendError struct{ error }

func (e sendError) Unwrap() error       { return e.error }
func (sendError) ConnectionError() bool { return true }

// TestAServerThatRestartsLosesNoRequest checks that all requests wait while there is no
// answer, that somebody is told within 10 s, and that nothing but probes is sent.
func TestAServerThatRestartsLosesNoRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{err: syscall.ECONNRESET, takes: 10 * time.Millisecond}
		c := newClient(s)
		defer c.Close()
		if err := c.send(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		s.down.Store(true)
		began := time.Now()
		time.AfterFunc(50*time.Second, func() { s.down.Store(false) })
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if err := c.send(t.Context(), nil); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(10 * time.Second)
		if len(c.said) != 1 {
			t.Errorf("told %d times within 10 s; want once", len(c.said))
		}
		if n := s.sent.Load(); n > 1+2*64 {
			t.Errorf("%d requests were sent while there was no answer", n)
		}
		wg.Wait()
		if took := time.Since(began); took < 50*time.Second || took > 60*time.Second {
			t.Errorf("the requests went on after %v; want soon after 50 s", took)
		}
		if n := s.probe.Load(); n < 10 || n > 60 {
			t.Errorf("%d probes; want one each 2 s or so", n)
		}
	})
}

// TestAStoreThatStaysAwayIsGivenUp checks that every request fails with one error then,
// and that a later one tries again.
func TestAStoreThatStaysAwayIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{err: syscall.ECONNREFUSED}
		c := newClient(s)
		defer c.Close()
		if err := c.send(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		s.down.Store(true)
		began := time.Now()
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				err := c.send(t.Context(), nil)
				var gone *UnreachableError
				if !errors.As(err, &gone) || !core.IsFinal(err) || !gone.Answered || gone.Silent < 60*time.Second {
					t.Errorf("%v; want a final UnreachableError after 60 s", err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took > 70*time.Second {
			t.Errorf("given up after %v; want a little more than 60 s", took)
		}
		sent := s.sent.Load() + s.probe.Load()
		if err := c.send(t.Context(), nil); !core.IsFinal(err) || s.sent.Load()+s.probe.Load() != sent {
			t.Errorf("the next request: %v; want the same error, and nothing sent", err)
		}
		s.down.Store(false)
		time.Sleep(2 * time.Minute)
		if err := c.send(t.Context(), nil); err != nil {
			t.Errorf("minutes later: %v; want another try", err)
		}
	})
}

// TestAStoreThatNeverAnsweredIsGivenUpWithin10s checks that, for each way of no answer.
func TestAStoreThatNeverAnsweredIsGivenUpWithin10s(t *testing.T) {
	for name, s := range map[string]*server{
		"refused": {err: syscall.ECONNREFUSED}, "reset": {err: syscall.ECONNRESET}, "no route": {err: syscall.EHOSTUNREACH, takes: 3 * time.Second},
		"nothing": {err: context.DeadlineExceeded, takes: dialTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.down.Store(true)
				c := newClient(s)
				defer c.Close()
				var wg sync.WaitGroup
				began := time.Now()
				for range 8 {
					wg.Go(func() {
						for time.Since(began) < time.Minute {
							if err := c.send(t.Context(), nil); core.IsFinal(err) {
								return
							}
						}
						t.Error("no request fails for good")
					})
				}
				wg.Wait()
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("given up after %v; want it within 10 s", took)
				}
			})
		})
	}
}

// TestOneBadRequestIsNoSilence checks that requests which are answered go on beside one
// that never is, and that this one fails alone.
func TestOneBadRequestIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(server)
		poison := func(req *http.Request) bool { return req.URL.Path == "/b/poison" }
		c := newClient(roundTripper(func(req *http.Request) (*http.Response, error) {
			if poison(req) {
				return nil, syscall.ECONNRESET
			}
			return s.RoundTrip(req)
		}))
		defer c.Close()
		if err := c.send(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		tries := c.Tries(false)
		for n := 1; ; n++ {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://store.test/b/poison", nil)
			_, err := c.Client().Do(req) //nolint:bodyclose // There is none.
			if core.IsFinal(err) {
				t.Fatalf("the store was given up: %v", err)
			}
			if !tries.Again(t.Context(), sendError{err}) {
				if n != maxAttempts {
					t.Errorf("%d tries; want %d", n, maxAttempts)
				}
				break
			}
		}
		if err := c.send(t.Context(), nil); err != nil {
			t.Errorf("another request: %v", err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestABodyThatCannotBeReadIsNoSilence checks that an error of the source is not taken
// for one of the store.
func TestABodyThatCannotBeReadIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(server)
		c := newClient(s)
		defer c.Close()
		broken := errors.New("the disk is broken")
		for range 20 {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://store.test/b/k", io.NopCloser(iotestErr{broken}))
			if _, err := c.Client().Do(req); !errors.Is(err, broken) || core.IsFinal(err) { //nolint:bodyclose // There is none.
				t.Fatalf("%v; want the error of the body", err)
			}
		}
		if err := c.send(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

type iotestErr struct{ error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.error }

// TestAMinuteOfRefusalsEndsNothing checks that a store which throttles is alive: the
// request waits for it.
func TestAMinuteOfRefusalsEndsNothing(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(new(server))
			defer c.Close()
			began := time.Now()
			tries := c.Tries(false)
			for time.Since(began) < 2*time.Minute {
				if !tries.Again(t.Context(), refusal(status)) {
					t.Fatalf("given up after %v", time.Since(began))
				}
			}
			for tries.Again(t.Context(), refusal(status)) {
				if time.Since(began) > time.Hour {
					t.Fatal("never given up")
				}
			}
			if len(c.said) > 0 || c.breaker.failures > 0 {
				t.Error("a refusal counts as no answer")
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := newClient(new(server))
		defer c.Close()
		began := time.Now()
		tries := c.Tries(false)
		for tries.Again(t.Context(), refusal(http.StatusBadGateway)) {
		}
		if took := time.Since(began); took < 40*time.Second || took > 5*time.Minute {
			t.Errorf("a proxy without its server: given up after %v; want a minute or so", took)
		}
		tries = c.Tries(false)
		n := 1
		for ; tries.Again(t.Context(), refusal(http.StatusInternalServerError)); n++ {
		}
		if n != maxAttempts {
			t.Errorf("500: %d tries; want %d", n, maxAttempts)
		}
	})
}

// refusal is an answer of this status.
type refusal int

func (r refusal) Error() string       { return http.StatusText(int(r)) }
func (r refusal) HTTPStatusCode() int { return int(r) }

// TestAQuietStoreIsToldOf checks that an answer which takes long is said to, once.
func TestAQuietStoreIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{takes: 30 * time.Second}
		c := newClient(s)
		defer c.Close()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { _ = c.send(t.Context(), nil) })
		}
		time.Sleep(10 * time.Second)
		if len(c.said) != 1 || !strings.Contains((<-c.said).Error(), "no answer") {
			t.Error("nobody was told within 10 s")
		}
		wg.Wait()
		if len(c.said) != 0 {
			t.Error("told more than once")
		}
	})
}

// TestWrongProtocolsAndCertificatesArePermanent checks that each is reported at
// once, with the remedy.
func TestWrongProtocolsAndCertificatesArePermanent(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	for _, c := range []struct{ url, remedy string }{
		{strings.Replace(plain.URL, "http:", "https:", 1), "does not speak TLS"},
		{secure.URL, "AWS_CA_BUNDLE"},
		{"http://127.0.0.1:1", "check the endpoint"},
		{"http://nowhere.invalid", "no such host"},
	} {
		tr := New(Options{})
		began := time.Now()
		resp, err := tr.Client().Get(c.url)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !core.IsFinal(err) || !strings.Contains(err.Error(), c.remedy) || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v after %v; want a final error with %q at once", c.url, err, time.Since(began), c.remedy)
		}
		tr.Close()
	}
}
