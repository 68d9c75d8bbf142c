package s3server

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/s3fc/s3fc/core"
)

// TB is the part of [testing.TB] that a Server needs, so that this package does
// not link package testing into programs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// A Server is an S3 server for a test, on a loopback port in region us-east-1. It
// accepts any credentials unless [Credentials] names some. It is safe for
// concurrent use.
type Server struct {
	// URL is the endpoint, to be used with path style.
	URL string
	// Elsewhere is a second endpoint of the same store, for [RedirectsPut] alone.
	Elsewhere string
	// Bucket is the bucket that was made at the start.
	Bucket string

	front    *endpoint
	h        *handler
	tb       TB
	throttle atomic.Int64
	mu       sync.Mutex
	log      []Request
}

// A Request is one that a Server received, whether it was refused or not.
type Request struct {
	Method string
	Path   string // decoded, with the bucket
	Query  string // as it was sent
	Class  core.Class
}

type config struct {
	backend gofakes3.Backend
	quirks  []Quirk
	wrap    func(http.Handler) http.Handler
	bucket  string
	secrets map[string]string // by access key
	verify  bool

	stopped, plainPort, selfSigned, elsewhere bool
}

// An Option changes a Server from the default. A [Quirk] is one.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// Over makes the Server store objects in this backend instead of gofakes3's s3mem.
func Over(b gofakes3.Backend) Option { return optionFunc(func(c *config) { c.backend = b }) }

// Wrap puts a handler around the Server's, for example to inject faults. The log
// has all requests, also those that this handler answers itself.
func Wrap(f func(http.Handler) http.Handler) Option {
	return optionFunc(func(c *config) { c.wrap = f })
}

// Bucket names the bucket that is made at the start; "test" is the default.
func Bucket(name string) Option { return optionFunc(func(c *config) { c.bucket = name }) }

// Credentials makes the Server check signatures, and accept those that are made
// with this secret. Several add up.
func Credentials(accessKey, secretKey string) Option {
	return optionFunc(func(c *config) {
		c.verify = true
		if c.secrets == nil {
			c.secrets = make(map[string]string)
		}
		c.secrets[accessKey] = secretKey
	})
}

// AccessKey and SecretKey are accepted by a Server that checks signatures and
// was given no other [Credentials].
const (
	AccessKey = "AKTEST"
	SecretKey = "SKTEST"
)

// New starts a Server that ends with the test.
func New(t TB, opts ...Option) *Server {
	t.Helper()
	c := config{bucket: "test", wrap: func(h http.Handler) http.Handler { return h }}
	for _, o := range opts {
		o.apply(&c)
	}
	if c.backend == nil {
		c.backend = s3mem.New()
	}
	s := &Server{Bucket: c.bucket, tb: t, h: newHandler(c.backend, quirkSetOf(c.quirks))}
	if err := s.h.store.CreateBucket(c.bucket); err != nil && !gofakes3.IsAlreadyExists(err) {
		t.Fatalf("s3server: create bucket %s: %v", c.bucket, err)
	}
	s.open(s.chain(c), c)
	return s
}

// chain returns the handler inside its quirks, the check of signatures and the
// log.
func (s *Server) chain(c config) http.Handler {
	h := s.layered(storeLayer, c.quirks, s.throttled(s.h))
	if c.verify {
		if c.secrets == nil {
			c.secrets = map[string]string{AccessKey: SecretKey}
		}
		h = verified(c.secrets, h)
	}
	h = s.layered(proxyLayer, c.quirks, h)
	return s.logging(s.layered(wireLayer, c.quirks, c.wrap(h)))
}

// open opens the server's endpoints.
func (s *Server) open(h http.Handler, c config) {
	s.tb.Helper()
	front := &endpoint{handler: h}
	if c.selfSigned {
		var err error
		if front.tls, err = selfSigned(); err != nil {
			s.tb.Fatalf("s3server: certificate: %v", err)
		}
	}
	s.front = front // before it serves: a handler may stop it
	s.serve(front)
	scheme := "http://"
	if c.selfSigned || c.plainPort {
		scheme = "https://"
	}
	s.URL = scheme + front.addr
	if c.elsewhere {
		s.Elsewhere = "http://" + s.serve(&endpoint{handler: h}).addr
	}
	if c.stopped {
		s.Stop()
	}
}

// serve opens an endpoint until the test ends.
func (s *Server) serve(d *endpoint) *endpoint {
	s.tb.Helper()
	if err := d.open(); err != nil {
		s.tb.Fatalf("s3server: listen: %v", err)
	}
	s.tb.Cleanup(d.closeForGood)
	return d
}

// Stop refuses connections and breaks those that are open, until Start.
func (s *Server) Stop() { s.front.close() }

// Start listens again, at the same address.
func (s *Server) Start() {
	if err := s.front.open(); err != nil {
		s.tb.Errorf("s3server: listen again: %v", err)
	}
}

// Throttle answers the next n requests with 503 SlowDown.
func (s *Server) Throttle(n int) { s.throttle.Store(int64(n)) }

func (s *Server) throttled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.throttle.Load() > 0 && s.throttle.Add(-1) >= 0 {
			fail(w, r, gofakes3.ErrorMessage(errSlowDown, "Please reduce your request rate."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) logging(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.log = append(s.log, Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Class: classOf(r)})
		s.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// Log returns the requests so far, in the order of their arrival.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log...)
}

// ResetLog forgets the requests so far.
func (s *Server) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// Requests counts the requests so far by class.
func (s *Server) Requests() core.Requests {
	var n core.Requests
	for _, r := range s.Log() {
		n[r.Class]++
	}
	return n
}

// CreateBucket makes another bucket.
func (s *Server) CreateBucket(name string) {
	s.tb.Helper()
	if err := s.h.store.CreateBucket(name); err != nil {
		s.tb.Fatalf("s3server: create bucket %s: %v", name, err)
	}
}

// Store returns the store of the Server, so that a test can read or change objects
// without a request.
func (s *Server) Store() Store { return s.h.store }

// PutWithoutETag stores an object without an ETag, as gateways show files that
// other programs put into their directory. It was last changed an hour ago.
func (s *Server) PutWithoutETag(bucket, key, content string) {
	s.tb.Helper()
	meta := map[string]string{ETagKey: noETag, "Last-Modified": time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}
	if _, err := s.h.store.PutObject(bucket, key, meta, strings.NewReader(content), int64(len(content)), nil); err != nil {
		s.tb.Fatalf("s3server: put %s: %v", key, err)
	}
}

// WebsiteURL starts the website endpoint of a bucket and returns its URL.
// Until the bucket has a website configuration every answer is 404.
func (s *Server) WebsiteURL(bucket string) string {
	s.tb.Helper()
	return "http://" + s.serve(&endpoint{handler: s.h.website(bucket)}).addr
}

// classOf returns the price class of a request.
func classOf(r *http.Request) core.Class {
	q := r.URL.Query()
	switch r.Method {
	case http.MethodHead:
		return core.ClassHead
	case http.MethodDelete:
		return core.ClassDelete
	case http.MethodPost:
		if q.Has("delete") {
			return core.ClassDelete
		}
		return core.ClassPut
	case http.MethodPut:
		if r.Header.Get(copySource) != "" {
			return core.ClassCopy
		}
		return core.ClassPut
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if key == "" && !q.Has("website") && !q.Has("location") && !q.Has("versioning") {
		return core.ClassList
	}
	return core.ClassGet
}
