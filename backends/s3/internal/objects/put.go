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

var errOther = fmt.Errorf("%w: the object is another version", core.ErrChanged)

// shortMetadata is the longest value in bytes of user metadata in stores that keep
// none longer, as OpenStack Swift by default.
const shortMetadata = 256

// MaxMetaTarget is the longest redirect in bytes that the store's metadata repeat.
func (s *Store) MaxMetaTarget() int { return MaxMetaTarget(s.Can) }

// MaxMetaTarget is the longest redirect in bytes that the metadata of a store repeat.
func MaxMetaTarget(can *ability.Set) int {
	if can.Denied(ability.LongMetadata) {
		return shortMetadata
	}
	return format.MaxMetaTarget
}

// ErrNoRedirect refuses a link that only the redirect could hold, in a store that
// keeps none.
func ErrNoRedirect(can *ability.Set) error {
	return fmt.Errorf("%w: this store keeps no redirects, and without one a target has %d bytes at most when percent-encoded",
		core.ErrUnsupportedLink, MaxMetaTarget(can))
}

// Put writes one object in the place of a version. A condition, redirect or cache
// policy of a link that the store refuses is left out. The answer may have no ETag.
func (s *Store) Put(ctx context.Context, r *wire.Request, old Version) (*wire.Answer, error) {
	s.Seal(r)
	location, policy := r.Get(wire.Redirect), r.Get(wire.CacheControl)
	var optional []ability.Ability
	if location != "" {
		r.Set(wire.StorageClass, "") // a link is small, and read at each visit: never archive it
		optional = append(optional, ability.Redirects)
	}
	if policy != "" {
		optional = append(optional, ability.CachePolicy)
	}
	if r.Expects() {
		optional = append(optional, ability.Expect)
	}
	var a *wire.Answer
	g := &guard{Store: s, key: r.Key, version: old, ability: ability.PutConditions}
	err := g.try(ctx, optional, func(name, value string, with func(ability.Ability) bool) (err error) {
		setCondition(r, name, value)
		r.NoExpect = !with(ability.Expect)
		r.Set(wire.Redirect, "")
		r.Set(wire.CacheControl, "")
		if with(ability.Redirects) {
			r.Set(wire.Redirect, location)
		} else if len(location) > s.MaxMetaTarget() {
			return ErrNoRedirect(s.Can)
		}
		if with(ability.CachePolicy) {
			r.Set(wire.CacheControl, policy)
		}
		if a, err = s.Sender.Send(ctx, r); err == nil {
			err = s.acceptPut(ctx, r, a)
		}
		return err
	})
	return a, err
}

// acceptPut returns [wire.ErrNotS3] if nothing shows that the answer to a write is
// S3's: not a header of it, nor a HEAD that shows the new object.
func (s *Store) acceptPut(ctx context.Context, r *wire.Request, a *wire.Answer) error {
	if a.IsS3() {
		return s.noteETag(a)
	}
	now, err := s.Head(ctx, r.Key)
	if err != nil || now.Length >= 0 && now.Length != r.Size() {
		return wire.ErrNotS3
	}
	written := wire.MetadataOf(r.Header)
	for name, value := range now.Metadata() {
		if written[name] != value {
			return wire.ErrNotS3
		}
	}
	if len(written) == 0 || len(now.Metadata()) != len(written) {
		return wire.ErrNotS3
	}
	return s.noteETag(now)
}

// SetCondition gives r the condition that a version is there, if the store is
// believed to take conditions.
func (s *Store) SetCondition(r *wire.Request, v Version) {
	if name, value := v.condition(s.Can.Has(ability.QuotedConditions)); name != "" && s.Can.Has(ability.PutConditions) {
		setCondition(r, name, value)
	}
}

func setCondition(r *wire.Request, name, value string) {
	r.Set(wire.IfMatch, "")
	r.Set(wire.IfNoneMatch, "")
	if name != "" {
		r.Set(name, value)
	}
}

// Complete makes an object of the parts of an upload, in the place of a version. It
// returns the ETag with its quotes.
func (s *Store) Complete(ctx context.Context, key, id string, parts []wire.Part, old Version) (etag string, a *wire.Answer, err error) {
	g := &guard{Store: s, key: key, version: old, ability: ability.PutConditions, ignorable: true}
	err = g.try(ctx, nil, func(name, value string, _ func(ability.Ability) bool) (err error) {
		header := make(http.Header, 1)
		if name != "" {
			header[name] = []string{value}
		}
		etag, a, err = s.Sender.CompleteUpload(ctx, key, id, parts, header)
		return err
	})
	return etag, a, err
}

// CopyOnto copies an object onto itself with other headers, if it is still the
// version. Its ACL, which no copy keeps, is the one that new objects get.
func (s *Store) CopyOnto(ctx context.Context, r *wire.Request, old Version) error {
	if acl := s.Header[wire.ACL]; r.Get(wire.ACL) == "" && len(acl) > 0 {
		r.Set(wire.ACL, acl[0])
	}
	g := &guard{Store: s, key: r.Key, version: old, ability: ability.PutConditions, ignorable: true}
	return g.try(ctx, nil, func(name, value string, _ func(ability.Ability) bool) error {
		setCondition(r, name, value)
		_, _, err := s.Sender.Copy(ctx, r)
		return g.missing(err)
	})
}
