package wire

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/transport"
	"github.com/s3fc/s3fc/core"
)

// Options say which bucket a [Sender] sends to, and how.
type Options struct {
	// SDK is the configuration of the SDK's client: endpoint, region, credentials
	// and the ways to sign.
	SDK awss3.Options
	// Bucket is a name, or the ARN of an access point.
	Bucket string
	// Reload reads the configuration again, for credentials that replace expired
	// ones; nil if there is none to read.
	Reload func(context.Context) (aws.CredentialsProvider, error)
	// Transport carries the requests.
	Transport *transport.Transport
	// Can is the store's assumed abilities; nil for all of S3's.
	Can *ability.Set
	// RequesterPays agrees in each request to pay for it.
	RequesterPays bool
	// Checksums adds a CRC32 to every body, and NoMD5 leaves Content-MD5 away:
	// directory buckets know the one and not the other.
	Checksums, NoMD5 bool
}

// Sender sends the requests of one bucket. It is safe for concurrent use.
type Sender struct {
	o      Options
	signer *signer

	mu    sync.Mutex
	at    *endpoint
	moved string        // the region that the store named; empty: it named none
	skew  time.Duration // of the store's clock from ours

	detour detour // of writes
}

// New returns a sender. It sends nothing.
func New(ctx context.Context, o Options) (*Sender, error) {
	if o.Can == nil {
		o.Can = new(ability.Set)
	}
	at, err := resolve(ctx, o.SDK, o.Bucket, o.SDK.Region)
	if err != nil {
		return nil, err
	}
	return &Sender{o: o, signer: newSigner(o), at: &at}, nil
}

// Region returns the region that requests are signed for: that of the configuration
// until the store has named another.
func (s *Sender) Region() string { return s.endpoint().region }

// Do sends r until it is answered well, or an error says that it will not be. The
// caller closes the body of the answer.
func (s *Sender) Do(ctx context.Context, r *Request) (*Answer, error) {
	return s.try(ctx, r, func() (*Answer, error) { return s.once(ctx, r) })
}

// Send is [Sender.Do] for an answer whose body is of no use.
func (s *Sender) Send(ctx context.Context, r *Request) (*Answer, error) {
	a, err := s.Do(ctx, r) //nolint:bodyclose // drain closes it.
	if err != nil {
		return nil, err
	}
	a.drain()
	return a, nil
}

// try calls attempt until it goes well, or its error is not worth another try.
func (s *Sender) try(ctx context.Context, r *Request, attempt func() (*Answer, error)) (*Answer, error) {
	tries := s.o.Transport.Tries(r.LeaveConflicts)
	corrections := 0
	for {
		age := s.signer.age()
		a, err := attempt()
		switch {
		case err == nil:
			return a, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case corrections < maxCorrections && s.correct(ctx, err, age):
			corrections++
		case isExpired(err):
			return nil, core.Final(err)
		case !tries.Again(ctx, err):
			return nil, err
		}
	}
}

// once sends r once, and on to wherever it is redirected.
func (s *Sender) once(ctx context.Context, r *Request) (*Answer, error) {
	e := s.endpoint()
	e, u, detours := s.takeDetour(r, e, e.to(r.Key, r.Query))
	for hops := 0; ; hops++ {
		resp, err := s.attempt(ctx, r, e, &u)
		if detours && (err != nil || resp.StatusCode/100 == 3) {
			s.endDetour()
		}
		if err != nil {
			return nil, err
		}
		if resp.StatusCode/100 == 2 {
			return &Answer{Status: resp.StatusCode, Header: resp.Header, Length: resp.ContentLength, Body: resp.Body}, nil
		}
		refused, cut := refusal(resp)
		if cut {
			return nil, &BrokenError{refused}
		}
		to, err := follow(refused, &u, hops)
		if err != nil {
			return nil, err
		}
		s.learnDetour(refused, &u, to)
		u, e = *to, e.in(refused.Region)
	}
}

// attempt makes one HTTP request of r, and sends it.
func (s *Sender) attempt(ctx context.Context, r *Request, e *endpoint, u *url.URL) (*http.Response, error) {
	req, err := s.build(ctx, r, e, u)
	if err != nil {
		return nil, err
	}
	resp, err := s.o.Transport.Client().Do(req) //nolint:bodyclose // The caller does.
	if b, ok := req.Body.(*lentBody); ok {
		b.takeBack()
	}
	switch {
	case err == nil:
		return resp, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, &SendError{err}
}
