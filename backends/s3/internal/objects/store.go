package objects

import (
	"context"
	"fmt"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// Store is the objects of a bucket. Its fields are set before its first use; it is
// safe for concurrent use.
type Store struct {
	Sender *wire.Sender
	Can    *ability.Set
	// Header is what every new object has (encryption, storage class, ACL).
	Header http.Header
	// Parallel is how many objects are deleted at once where each is a request.
	Parallel int
}

// Tagged is [wire.ErrNotS3] if an answer has no ETag: S3 gives one with whatever it
// stores or reads.
func Tagged(etag string) error {
	if etag == "" {
		return wire.ErrNotS3
	}
	return nil
}

// Head asks for an object's metadata: one HEAD.
func (s *Store) Head(ctx context.Context, key string) (*wire.Answer, error) {
	a, err := s.Sender.Send(ctx, wire.NewRequest(http.MethodHead, key))
	if err == nil {
		err = Tagged(a.ETag())
	}
	return a, err
}

// Get asks for an object with a GET. The caller closes the body of the answer.
func (s *Store) Get(ctx context.Context, r *wire.Request) (*wire.Answer, error) {
	a, err := s.Sender.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := Tagged(a.ETag()); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a, nil
}

// Seal gives r the headers that every new object has.
func (s *Store) Seal(r *wire.Request) {
	for name, values := range s.Header {
		r.Header[name] = values
	}
}

// gone is [core.ErrChanged] for an object that is not there any more.
var errGone = fmt.Errorf("%w: it is gone", core.ErrChanged)

// Version is the state of a key that a request may change: an object with an ETag,
// any object, or none.
type Version struct {
	ETag string // without quotes; empty: unknown
	None bool   // there is no object
}

// VersionOf returns the version that an entry is; nil is none.
func VersionOf(old *core.Entry) Version {
	if old == nil {
		return Version{None: true}
	}
	return Version{ETag: old.Token}
}

// condition returns the header that asks for the version, with the ETag in quotes
// or bare; nothing if there can be no condition.
func (v Version) condition(quoted bool) (name, value string) {
	switch {
	case v.None:
		return wire.IfNoneMatch, "*"
	case v.ETag == "":
		return "", ""
	case quoted:
		return wire.IfMatch, format.QuoteETag(v.ETag)
	}
	return wire.IfMatch, v.ETag
}
