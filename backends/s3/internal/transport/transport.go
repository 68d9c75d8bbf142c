package transport

import (
	"net/http"
	"time"

	"github.com/s3fc/s3fc/core"
)

// Options say how requests are carried. The zero value is a good default.
type Options struct {
	// Next sends requests in place of connections of our own. It must not
	// decompress bodies.
	Next http.RoundTripper
	// Base is the SDK's HTTP client, whose settings (a CA bundle) connections of
	// our own take over; nil for none.
	Base any
	// Jobs is how many operations run at once.
	Jobs int
	// Budget limits the attempts; nil for no limit.
	Budget *core.Budget
	// StallTimeout is how long no byte may move on a request; 0 for 90 s.
	StallTimeout time.Duration
}

// fewestJobs is how many jobs connections are kept for at least.
const fewestJobs = 16

// Transport carries requests and counts them. It is safe for concurrent use.
type Transport struct {
	client *http.Client
	meter  *meter
	own    *http.Transport // nil: connections are the caller's
}

// New returns a transport. No connection is made before the first request.
func New(o Options) *Transport {
	t := new(Transport)
	jobs := max(o.Jobs, fewestJobs)
	next := o.Next
	if next == nil {
		t.own = newConnections(o.Base, jobs)
		next = t.own
	}
	t.meter = &meter{next: &stallGuard{next: next, limit: o.StallTimeout}, budget: o.Budget}
	t.client = newHTTPClient(&throttle{next: t.meter, gate: newGate(jobs)})
	return t
}

// Client returns the HTTP client that sends one attempt for each request.
func (t *Transport) Client() *http.Client { return t.client }

// Requests returns how many attempts were sent so far, by class.
func (t *Transport) Requests() core.Requests { return t.meter.requests() }

// Answered reports whether any attempt was ever answered.
func (t *Transport) Answered() bool { return t.meter.answered.Load() }

// Close closes idle connections of our own.
func (t *Transport) Close() {
	if t.own != nil {
		t.own.CloseIdleConnections()
	}
}
