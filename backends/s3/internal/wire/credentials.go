package wire

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// renewable are credentials that are asked for anew when the store says that they
// have expired: a provider's cache may have them for longer than they hold, and a
// file may have been written anew. It is safe for concurrent use.
type renewable struct {
	reload func(context.Context) (aws.CredentialsProvider, error) // nil: there is no other provider

	renewing sync.Mutex // held while new ones are asked for

	mu       sync.Mutex
	provider aws.CredentialsProvider
	age      int  // how often there were new ones
	spent    bool // there are no newer ones
}

// Retrieve implements [aws.CredentialsProvider].
func (c *renewable) Retrieve(ctx context.Context) (aws.Credentials, error) {
	p, _ := c.current()
	return p.Retrieve(ctx)
}

func (c *renewable) current() (p aws.CredentialsProvider, age int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.provider, c.age
}

// renew asks for newer credentials than those of this age. It reports whether there
// are any.
func (c *renewable) renew(ctx context.Context, age int) bool {
	c.renewing.Lock()
	defer c.renewing.Unlock()
	old, now := c.current()
	if now > age {
		return true // another request has asked
	}
	if c.spent {
		return false
	}
	before, _ := old.Retrieve(ctx) // those that were refused
	if cache, ok := old.(interface{ Invalidate() }); ok {
		cache.Invalidate()
		if c.replace(ctx, old, before) {
			return true
		}
	}
	if c.reload != nil {
		if p, err := c.reload(ctx); err == nil && p != nil && c.replace(ctx, p, before) {
			return true
		}
	}
	c.spent = ctx.Err() == nil
	return false
}

// replace uses a provider from now on if its credentials are not those before.
func (c *renewable) replace(ctx context.Context, p aws.CredentialsProvider, before aws.Credentials) bool {
	creds, err := p.Retrieve(ctx)
	if err != nil || creds.AccessKeyID == before.AccessKeyID && creds.SecretAccessKey == before.SecretAccessKey && creds.SessionToken == before.SessionToken {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.provider = p
	c.age++
	return true
}

// isExpired reports whether err says that credentials hold no more.
func isExpired(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired":
		return true
	}
	return false
}
