package transport

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/s3fc/s3fc/core"
)

const (
	maxAttempts = 8
	maxBackoff  = 20 * time.Second

	// A request whose answers say that the store is overloaded, or that a server
	// behind a proxy is away, is not limited in attempts but in the time that it
	// waits between them: so many times the longest pause, which is 5 minutes and
	// one minute by default. A server that restarts, and a minute of refusals, end
	// no request.
	throttledPauses = 15
	gatewayPauses   = 3

	// firstPause is the longest pause between attempts while the store never
	// answered.
	firstPause = time.Second
)

// retryableConflicts are the only answers of status 409 that another try may
// change.
var retryableConflicts = map[string]struct{}{"ConditionalRequestConflict": {}, "OperationAborted": {}}

// newRetryer returns the SDK's standard retryer without a quota: a quota that all
// workers share would turn one burst of throttling into failures.
func (t *Transport) newRetryer(conflicts bool) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = t.attempts, t.backoff
		o.RateLimiter = ratelimit.None
		rules := []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(t.isHopeless)}
		rules = append(rules, o.Retryables...)
		rules = append(rules, retry.IsErrorRetryableFunc(isUnreadable))
		rules = append(rules, retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusTooManyRequests: {}}})
		if conflicts {
			rules = append(rules, retry.RetryableErrorCode{Codes: retryableConflicts})
		}
		o.Retryables = rules
	})
}

// isHopeless says no to errors that another try cannot change: a spent budget, a
// store that was given up, and an endpoint that refuses connections and was never
// reached.
func (t *Transport) isHopeless(err error) aws.Ternary {
	if core.IsFinal(err) || errors.Is(err, syscall.ECONNREFUSED) && !t.breaker.everAnswered() {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// isUnreadable says yes to an answer that cannot be parsed: it was cut.
func isUnreadable(err error) aws.Ternary {
	var e *smithy.DeserializationError
	if errors.As(err, &e) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// Retryer is for the SDK's client.
func (t *Transport) Retryer() aws.Retryer { return t.retryer }

// Tries decides how often one request is sent. It is used from one goroutine.
type Tries struct {
	t       *Transport
	retryer aws.Retryer
	n       int           // attempts that count
	paused  time.Duration // because of overload
}

// Tries returns the tries of one request. If leaveConflicts is set, each answer of
// status 409 is left to the caller.
func (t *Transport) Tries(leaveConflicts bool) *Tries {
	if leaveConflicts {
		return &Tries{t: t, retryer: t.leavesConflicts}
	}
	return &Tries{t: t, retryer: t.retryer}
}

// Again waits before another attempt after err. It reports false if there is to be
// none, because err is not worth it, there were enough, or ctx has ended.
func (r *Tries) Again(ctx context.Context, err error) bool {
	if ctx.Err() != nil || !r.retryer.IsErrorRetryable(err) {
		return false
	}
	r.n++
	if r.n >= r.t.attempts && !r.mayWait(err) {
		return false
	}
	delay, derr := r.retryer.RetryDelay(r.n, err)
	if derr != nil {
		return false
	}
	switch {
	case isOverload(err):
		r.paused += delay
	case statusOf(err) == 0 && !r.t.breaker.everAnswered():
		delay = min(delay, firstPause)
	}
	if r.t.waiting != nil {
		r.t.waiting(ctx, core.Wait{Cause: causeOf(err), Try: r.n + 1, Of: r.t.attempts, Next: delay})
	}
	return sleep(ctx, delay)
}

// causeOf returns the code of an answer, its status, or the innermost error of a
// request that got none.
func causeOf(err error) string {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) && coded.ErrorCode() != "" {
		return coded.ErrorCode()
	}
	if s := statusOf(err); s != 0 {
		return strconv.Itoa(s) + " " + http.StatusText(s)
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// mayWait reports whether an error of overload may be waited for any longer.
func (r *Tries) mayWait(err error) bool {
	switch statusOf(err) {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return r.paused < throttledPauses*r.t.backoff
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return r.paused < gatewayPauses*r.t.backoff
	}
	return false
}

func isOverload(err error) bool {
	switch statusOf(err) {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func statusOf(err error) int {
	var e interface{ HTTPStatusCode() int }
	if errors.As(err, &e) {
		return e.HTTPStatusCode()
	}
	return 0
}

// Wait waits before the given try, from 1, of something that failed with err. It
// reports false if ctx has ended.
func (t *Transport) Wait(ctx context.Context, try int, err error) bool {
	delay, derr := t.retryer.RetryDelay(try, err)
	return derr == nil && sleep(ctx, delay)
}

// sleep waits, and reports false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
