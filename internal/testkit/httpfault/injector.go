// Package httpfault injects faults into the answers of an HTTP server, for tests:
// each [Class] is a way in which requests fail between a client and its store.
package httpfault

import (
	"net/http"
	"sync/atomic"
)

// A Class is a way in which requests fail.
type Class struct {
	Name string
	// Concerns reports whether a request can fail in this way; nil means any.
	Concerns func(*http.Request) bool
	// Serve answers instead of next, which it may call, or breaks the connection.
	Serve func(w http.ResponseWriter, r *http.Request, next http.Handler)
	// Times is how many requests in a row fail; 0 means 1.
	Times int64
	// Heals says that the same request succeeds when it is tried again.
	Heals bool
}

// Forever, as Class.Times, means all requests.
const Forever = 1 << 40

func (c Class) concerns(r *http.Request) bool { return c.Concerns == nil || c.Concerns(r) }

// An Injector makes requests fail, from the nth that its class concerns. It is safe
// for concurrent use.
type Injector struct {
	class Class
	first int64
	seen  atomic.Int64
}

// At returns an Injector that begins with the nth request of the class, from 1.
func At(n int, class Class) *Injector {
	if class.Times == 0 {
		class.Times = 1
	}
	return &Injector{class: class, first: int64(n)}
}

// Hit reports whether a request has failed.
func (i *Injector) Hit() bool { return i.seen.Load() >= i.first }

func (i *Injector) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !i.class.concerns(r) {
		next.ServeHTTP(w, r)
		return
	}
	if n := i.seen.Add(1); n < i.first || n >= i.first+i.class.Times {
		next.ServeHTTP(w, r)
		return
	}
	i.class.Serve(w, r, next)
}

// A Switch wraps a server's handler, and switches faults on and off. It is safe for
// concurrent use.
type Switch struct{ on atomic.Pointer[Injector] }

// Set sets the Injector for all requests from now on; nil lets all through.
func (s *Switch) Set(i *Injector) { s.on.Store(i) }

// Wrap returns next with the faults of the switch.
func (s *Switch) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i := s.on.Load(); i != nil {
			i.serve(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}
