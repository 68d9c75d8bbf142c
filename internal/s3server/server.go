package s3server

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/s3fc/s3fc/core"
)

// TB is as much of [testing.TB] as a Server needs, so that a program that
// holds this package does not hold package testing.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// A Server is a fake S3 for a test, on a loopback port, with any credentials
// and region us-east-1. It is safe for concurrent use.
type Server struct {
	// URL is the endpoint, to be used with path style.
	URL string
	// Bucket is the bucket that was made at the start.
	Bucket string

	h        *handler
	tb       TB
	throttle atomic.Int64
	mu       sync.Mutex
	log      []Request
}

// A Request is one that a Server got, refused ones too.
type Request struct {
	Method string
	Path   string // decoded, with the bucket
	Query  string // as it was sent
	Class  core.Class
}

type config struct {
	backend gofakes3.Backend
	lies    Lies
	wrap    func(http.Handler) http.Handler
	bucket  string
}

// An Option changes a Server from the default.
type Option func(*config)

// Over puts the Server over this backend instead of gofakes3's s3mem.
func Over(b gofakes3.Backend) Option { return func(c *config) { c.backend = b } }

// Lying makes the Server lie.
func Lying(l Lies) Option { return func(c *config) { c.lies = l } }

// Wrap puts a handler around the Server's, as one that injects faults. What it
// answers itself is in the log too.
func Wrap(f func(http.Handler) http.Handler) Option { return func(c *config) { c.wrap = f } }

// Bucket names the bucket that is made at the start; "test" is the default.
func Bucket(name string) Option { return func(c *config) { c.bucket = name } }

// New starts a Server that ends with the test.
func New(t TB, opts ...Option) *Server {
	t.Helper()
	c := config{bucket: "test", wrap: func(h http.Handler) http.Handler { return h }}
	for _, o := range opts {
		o(&c)
	}
	if c.backend == nil {
		c.backend = s3mem.New()
	}
	s := &Server{Bucket: c.bucket, tb: t, h: newHandler(c.backend, c.lies)}
	if err := s.h.store.CreateBucket(c.bucket); err != nil && !gofakes3.IsAlreadyExists(err) {
		t.Fatalf("s3server: create bucket %s: %v", c.bucket, err)
	}
	s.URL = s.listen(s.logging(c.wrap(s.throttled(s.h))))
	return s
}

// listen serves h until the test ends.
func (s *Server) listen(h http.Handler) string {
	s.tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.tb.Fatalf("s3server: listen: %v", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		_ = srv.Serve(l) // until Close
		close(ended)
	}()
	s.tb.Cleanup(func() {
		_ = srv.Close() // whoever is still there has no test any more
		<-ended
	})
	return "http://" + l.Addr().String()
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

// Store is what the Server keeps its objects in, for a test to look at or
// change behind the client's back.
func (s *Server) Store() Store { return s.h.store }

// WebsiteURL starts the website endpoint of a bucket and returns its URL.
// Until the bucket has a website configuration every answer is 404.
func (s *Server) WebsiteURL(bucket string) string {
	s.tb.Helper()
	return s.listen(s.h.website(bucket))
}

// classOf says how AWS prices a request.
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
