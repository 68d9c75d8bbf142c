// Package httpfault breaks the answers of an HTTP server, for tests: each
// [Class] is a way in which requests go wrong between a client and its store.
package httpfault

import (
	"net/http"
	"sync/atomic"
)

// A Class is a way in which a request goes wrong.
type Class struct {
	Name string
	// Concerns reports whether a request can go wrong so; nil means any.
	Concerns func(*http.Request) bool
	// Serve answers in the place of next, which it may ask. The client may be
	// left without an answer.
	Serve func(w http.ResponseWriter, r *http.Request, next http.Handler)
	// Times is how many requests in a row go wrong; 0 means 1.
	Times int64
	// Heals says that a client which tries again gets what it wanted.
	Heals bool
}

// Forever is a number of times that does not end.
const Forever = 1 << 40

func (c Class) concerns(r *http.Request) bool { return c.Concerns == nil || c.Concerns(r) }

// An Injector makes requests go wrong, from the nth that its class concerns. It
// is safe for concurrent use.
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

// Seen is how many requests the class concerned.
func (i *Injector) Seen() int { return int(i.seen.Load()) }

// Hit reports whether a request went wrong.
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

// A Switch is a handler around a server's, in which faults are switched on and
// off. It is safe for concurrent use.
type Switch struct{ on atomic.Pointer[Injector] }

// Set makes i decide about all requests to come; nil lets all through.
func (s *Switch) Set(i *Injector) { s.on.Store(i) }

// Wrap puts the switch around next.
func (s *Switch) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i := s.on.Load(); i != nil {
			i.serve(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}
