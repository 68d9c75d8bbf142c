package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

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
	// MaxAttempts is how often a request is sent that fails for another reason than
	// that the store is overloaded; 0 for 8.
	MaxAttempts int
	// MaxBackoff is the longest pause between two attempts; 0 for 20 s.
	MaxBackoff time.Duration
	// GiveUp is how long a store that answered before may give no answer at all; 0
	// for 60 s.
	GiveUp time.Duration
	// Silent is called when nothing has come from the store for some seconds, once
	// for each such time, from another goroutine; nil for nobody.
	Silent func(cause error)
	// Waiting is called before each pause between two attempts; nil for nobody. The
	// Wait does not say for which server.
	Waiting func(ctx context.Context, w core.Wait)
}

// fewestJobs is how many jobs connections are kept for at least.
const fewestJobs = 16

// Transport carries requests and counts them. It is safe for concurrent use.
type Transport struct {
	client  *http.Client
	breaker *breaker
	gate    *gate
	meter   *meter
	own     *http.Transport // nil: connections are the caller's

	attempts                 int
	backoff                  time.Duration
	waiting                  func(context.Context, core.Wait)
	retryer, leavesConflicts aws.Retryer
}

// New returns a transport. No connection is made before the first request.
func New(o Options) *Transport {
	t := &Transport{attempts: o.MaxAttempts, backoff: o.MaxBackoff, waiting: o.Waiting}
	if t.attempts == 0 {
		t.attempts = maxAttempts
	}
	if t.backoff == 0 {
		t.backoff = maxBackoff
	}
	jobs := max(o.Jobs, fewestJobs)
	next := o.Next
	if next == nil {
		t.own = newConnections(o.Base, jobs)
		next = t.own
	}
	stall := &stallGuard{next: next, limit: o.StallTimeout}
	t.meter = &meter{next: stall, budget: o.Budget}
	t.gate = newGate(jobs)
	t.breaker = newBreaker(&throttle{next: t.meter, gate: t.gate}, o, &stall.moved)
	t.client = newHTTPClient(t.breaker)
	t.retryer, t.leavesConflicts = t.newRetryer(true), t.newRetryer(false)
	return t
}

// Client returns the HTTP client that sends one attempt for each request.
func (t *Transport) Client() *http.Client { return t.client }

// Requests returns how many attempts were sent so far, by class.
func (t *Transport) Requests() core.Requests { return t.meter.requests() }

// Quickest returns the time that the quickest answer took so far, 0 if there was none.
// It tells how far away the store is.
func (t *Transport) Quickest() time.Duration { return t.gate.quickestAnswer() }

// Close ends probes, and closes idle connections of our own.
func (t *Transport) Close() {
	t.breaker.end()
	if t.own != nil {
		t.own.CloseIdleConnections()
	}
}
