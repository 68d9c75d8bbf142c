package wire

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
)

// maxCorrections is how often one request is corrected and sent again beside its
// other tries: once for the clock, the region, Expect and the credentials.
const maxCorrections = 4

// correct reports whether err names a mistake of ours that is put right by now: the
// store's clock differs, the bucket is in another region, the store, or a proxy
// before it, does not know Expect, or credentials of this age have expired and there
// are newer ones.
func (s *Sender) correct(ctx context.Context, err error, age int) bool {
	var refused *Error
	if !errors.As(err, &refused) {
		return false
	}
	switch {
	case isExpired(err):
		return !s.signer.anonymous() && s.signer.credentials.renew(ctx, age)
	case refused.Status == http.StatusExpectationFailed:
		return s.o.Can.Lose(ability.Expect)
	case refused.Status == http.StatusForbidden:
		return s.setClock(refused.Header)
	case refused.Status == http.StatusMovedPermanently, refused.Status == http.StatusBadRequest && !refused.guessed:
		return s.move(ctx, refused.Region)
	case refused.Status == http.StatusBadRequest: // the answer to a HEAD gives no reason
		return s.move(ctx, refused.Region) || !s.signer.anonymous() && s.signer.credentials.renew(ctx, age)
	}
	return false
}

// clockTolerance is how far the store's clock may be from the one that requests
// are signed with: S3 refuses 15 minutes.
const clockTolerance = 5 * time.Minute

// setClock takes the store's clock over from a refusal, if that may be the reason
// for it: the answer to a HEAD does not give one.
func (s *Sender) setClock(h http.Header) bool {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	skew := time.Until(at)
	if off := skew - s.skew; off.Abs() < clockTolerance {
		return false
	}
	s.skew = skew
	return true
}

func (s *Sender) clockSkew() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.skew
}

// move makes the sender send to the bucket's own region from now on.
func (s *Sender) move(ctx context.Context, region string) bool {
	if region == "" || strings.HasPrefix(s.o.Bucket, "arn:") || s.endpoint().region == region {
		return false
	}
	at, err := resolve(ctx, s.o.SDK, s.o.Bucket, region)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved != "" {
		return s.moved == region
	}
	s.moved, s.at = region, &at
	return true
}

// Moved returns the region that the store named instead of the one that it was
// asked in; empty if it named none.
func (s *Sender) Moved() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moved
}

func (s *Sender) endpoint() *endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// in returns e with signatures for region; an empty one is that of e.
func (e *endpoint) in(region string) *endpoint {
	if region == "" || region == e.region {
		return e
	}
	other := *e
	other.region = region
	return &other
}
