package s3

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

const (
	maxAttempts = 8
	maxBackoff  = 20 * time.Second
)

// retryableConflicts are the only answers of status 409 that another try may
// change.
var retryableConflicts = map[string]struct{}{"ConditionalRequestConflict": {}, "OperationAborted": {}}

// newRetryer returns the standard retryer with full jitter and no quota: a
// quota that all workers share would turn one burst of throttling into
// failures. answered tells whether the store was ever reached.
func newRetryer(attempts int, backoff time.Duration, answered func() bool, conflicts bool) aws.Retryer {
	if attempts == 0 {
		attempts = maxAttempts
	}
	if backoff == 0 {
		backoff = maxBackoff
	}
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = attempts, backoff
		o.RateLimiter = ratelimit.None
		rules := []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary { return hopeless(err, answered) })}
		rules = append(rules, o.Retryables...)
		rules = append(rules, retry.IsErrorRetryableFunc(unreadable))
		rules = append(rules, retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusTooManyRequests: {}}})
		if conflicts {
			rules = append(rules, retry.RetryableErrorCode{Codes: retryableConflicts})
		}
		o.Retryables = rules
	})
}

// hopeless says no to what another try cannot change: a spent budget, and an
// endpoint that refuses connections and was never reached.
func hopeless(err error, answered func() bool) aws.Ternary {
	var over *overBudget
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

// noConflictRetries is for the completion of an upload: after a conflict, it
// has to begin again.
func (t *Tree) noConflictRetries(o *awss3.Options) {
	o.Retryer = newRetryer(t.opts.MaxAttempts, t.opts.MaxBackoff, t.meter.answered.Load, false)
}

// pause waits as long as r does before another try of what failed with err, and
// reports whether ctx is still alive.
func pause(ctx context.Context, r aws.Retryer, try int, err error) bool {
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
