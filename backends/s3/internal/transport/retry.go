package transport

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

const (
	maxAttempts = 8
	maxBackoff  = 20 * time.Second
)

// retryableConflicts are the only answers of status 409 that another try may
// change.
var retryableConflicts = map[string]struct{}{"ConditionalRequestConflict": {}, "OperationAborted": {}}

// Retry says how often, and after how long, a request is sent again. The zero
// value is a good default.
type Retry struct {
	// MaxAttempts is how often a request is sent in all; 0 for 8.
	MaxAttempts int
	// MaxBackoff is the longest pause between two attempts; 0 for 20 s.
	MaxBackoff time.Duration
	// NoConflicts leaves every answer of status 409 to the caller.
	NoConflicts bool
}

// Retryer returns the SDK's standard retryer with full jitter and no quota: a
// quota that all workers share would turn one burst of throttling into
// failures.
func (t *Transport) Retryer(r Retry) aws.Retryer {
	attempts, backoff := r.MaxAttempts, r.MaxBackoff
	if attempts == 0 {
		attempts = maxAttempts
	}
	if backoff == 0 {
		backoff = maxBackoff
	}
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = attempts, backoff
		o.RateLimiter = ratelimit.None
		rules := []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary { return hopeless(err, t.Answered) })}
		rules = append(rules, o.Retryables...)
		rules = append(rules, retry.IsErrorRetryableFunc(unreadable))
		rules = append(rules, retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusTooManyRequests: {}}})
		if !r.NoConflicts {
			rules = append(rules, retry.RetryableErrorCode{Codes: retryableConflicts})
		}
		o.Retryables = rules
	})
}

// hopeless says no to what another try cannot change: a spent budget, and an
// endpoint that refuses connections and was never reached.
func hopeless(err error, answered func() bool) aws.Ternary {
	var over *BudgetError
	if errors.As(err, &over) || errors.Is(err, syscall.ECONNREFUSED) && !answered() {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// unreadable says yes to an answer that does not parse: it was cut.
func unreadable(err error) aws.Ternary {
	var e *smithy.DeserializationError
	if errors.As(err, &e) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// Pause waits as long as r says before another try of what failed with err, and
// reports whether ctx is still alive.
func Pause(ctx context.Context, r aws.Retryer, try int, err error) bool {
	delay, err := r.RetryDelay(try, err)
	if err != nil {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
