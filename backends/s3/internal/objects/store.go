package objects

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// Store is the objects of a bucket. Its fields are set before its first use; it is
// safe for concurrent use.
type Store struct {
	Sender *wire.Sender
	Can    *ability.Set
	// Header has the headers of every new object (encryption, storage class, ACL).
	Header http.Header
	// Listed returns an object as a listing of its key shows it; nil: no listing can be
	// asked for.
	Listed func(ctx context.Context, key string) (listing.Object, error)
	// Parallel is how many objects are deleted at once where each is a request.
	Parallel int
}

// Head asks for an object's metadata: one HEAD.
func (s *Store) Head(ctx context.Context, key string) (*wire.Answer, error) {
	a, err := s.Sender.Send(ctx, wire.NewRequest(http.MethodHead, key))
	if err == nil {
		err = s.accept(ctx, key, a)
	}
	return a, err
}

// accept returns [wire.ErrNotS3] if nothing shows that an answer about an object is
// S3's: not a header of it, nor a listing that has the same object. The login page
// of a network must never be taken for content.
func (s *Store) accept(ctx context.Context, key string, a *wire.Answer) error {
	if !a.IsS3() {
		if s.Listed == nil {
			return wire.ErrNotS3
		}
		o, err := s.Listed(ctx, key)
		if err != nil || a.Length >= 0 && a.Length != o.Size || o.Changed.IsZero() || !o.Changed.Equal(a.Object(key).Changed) {
			return wire.ErrNotS3
		}
	}
	return s.noteETag(a)
}

// noteETag learns from an answer without an ETag that the store has objects without.
func (s *Store) noteETag(a *wire.Answer) error {
	if a.ETag() == "" && !s.Can.Lose(ability.ETags) {
		return errors.New("the store's answer has no ETag, although the URL says that it has ETags")
	}
	return nil
}

// Get asks for an object with a GET. The caller closes the body of the answer.
func (s *Store) Get(ctx context.Context, r *wire.Request) (*wire.Answer, error) {
	a, err := s.Sender.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.accept(ctx, r.Key, a); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a, nil
}

// Seal gives r the headers that every new object has, unless r has its own.
func (s *Store) Seal(r *wire.Request) {
	for name, values := range s.Header {
		if r.Get(name) == "" {
			r.Header[name] = values
		}
	}
}

// gone is [core.ErrChanged] for an object that is not there any more.
var errGone = fmt.Errorf("%w: it is gone", core.ErrChanged)

// Version is the state of a key that a request may change: an object with an ETag,
// any object, or none. Size and Changed stand in for an ETag that is not known.
type Version struct {
	ETag    string    // without quotes; empty: unknown
	None    bool      // there is no object
	Size    int64     // in bytes
	Changed time.Time // in whole seconds; zero: unknown
}

// VersionOf returns the version that an entry is; nil is none.
func VersionOf(old *core.Entry) Version {
	if old == nil {
		return Version{None: true}
	}
	return Version{ETag: old.Token, Size: old.Size, Changed: old.Changed}
}

// weak reports whether only size and time tell the version.
func (v Version) weak() bool { return !v.None && v.ETag == "" && !v.Changed.IsZero() }

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
