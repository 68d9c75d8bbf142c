// Package heading changes the headers of objects whose content stays: with a copy of
// the object onto itself, between two HEADs.
package heading

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// maxCopy is the size in bytes of the largest object that S3 copies in one request.
const maxCopy = 5 << 30

// tags is the header that says how many tags an object has.
const tags = "X-Amz-Tagging-Count"

// Setter sets headers of the objects of a bucket. Its exported fields are set before
// its first use; it is safe for concurrent use.
type Setter struct {
	Sender  *wire.Sender
	Objects *objects.Store
	Opener  *contents.Opener
	Can     *ability.Set
	// AWS says that the store is AWS, which copies objects onto themselves.
	AWS bool

	first  sync.Mutex // held by a copy while none went well before
	mu     sync.Mutex
	proved bool // a copy went well
}

// Check returns the reason why the headers of an object cannot be set, or nil.
func (s *Setter) Check(old core.Entry) error {
	if old.Size > maxCopy {
		return fmt.Errorf("its headers are not those of the rules, and it is larger than the %d GiB that S3 copies in one request: delete it, and it is sent anew", maxCopy>>30)
	}
	return nil
}

// Cost returns the requests of Set.
func (s *Setter) Cost() (r core.Requests) {
	r[core.ClassHead], r[core.ClassCopy] = 2, 1
	return r
}

// Set gives the object of the file old the headers of set, takes from it those that
// drop names, and keeps everything else, but for an ACL of its own, which becomes the
// one that new objects get. An error that is [errors.ErrUnsupported] says that the
// content has to be put again, in the place of the entry that is returned.
func (s *Setter) Set(ctx context.Context, key contents.Key, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if err := s.Check(old); err != nil {
		return old, err
	}
	answer, err := s.look(ctx, key, old)
	if err != nil {
		return old, err
	}
	if set.Get("acl") == "" && s.has(answer, set, drop) {
		e, _ := s.Opener.Layout.Entry(s.Opener.Object(answer, key), nil)
		return e, nil
	}
	if !s.AWS && !s.isProved() {
		s.first.Lock() // a store's answer to the first copy is seen before the second is sent
		if s.isProved() {
			s.first.Unlock()
		} else {
			defer s.first.Unlock()
		}
	}
	if !s.Can.Has(ability.Copies) {
		return old, errPutAgain
	}
	return s.copy(ctx, key, old, change{answer, set, drop})
}

// errPutAgain says that the store does not set headers: the content is put again.
var errPutAgain = fmt.Errorf("the store does not copy objects onto themselves: %w", errors.ErrUnsupported)

func (s *Setter) isProved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proved
}

// look asks for the object, which has to be the file old.
func (s *Setter) look(ctx context.Context, key contents.Key, old core.Entry) (*wire.Answer, error) {
	a, err := s.Objects.Head(ctx, key.Object)
	switch {
	case wire.HasStatus(err, http.StatusNotFound) && wire.CodeOf(err) != "NoSuchBucket":
		return nil, fmt.Errorf("%w: it is gone", core.ErrChanged)
	case err != nil:
		return nil, err
	}
	o := s.Opener.Object(a, key)
	e, needBody := s.Opener.Layout.Entry(o, nil)
	switch {
	case needBody:
		return nil, errPutAgain
	case e.Kind != core.File, e.Token != old.Token, a.Length >= 0 && e.Size != old.Size,
		old.Token == "" && !old.Changed.IsZero() && !old.Changed.Equal(e.Changed):
		return nil, fmt.Errorf("%w: the object is another version", core.ErrChanged)
	}
	return a, nil
}

// has reports whether the object of an answer has the headers of set and none of those
// that drop names.
func (s *Setter) has(a *wire.Answer, set *core.Headers, drop []string) bool {
	return len(a.Headers().Differing(set, drop)) == 0
}

// change is a change of the headers of the object that an answer shows.
type change struct {
	before *wire.Answer
	set    *core.Headers
	drop   []string
}

// request is the copy of the object onto itself.
func (c change) request(source, key string) *wire.Request {
	r := wire.NewRequest(http.MethodPut, key)
	r.Keep(c.before)
	r.Set(wire.CopySource, source)
	r.Set(wire.CopySourceMatch, c.before.Get(wire.ETag))
	if c.before.ETag() == "" {
		r.Set(wire.CopySourceUnmodified, c.before.Get("Last-Modified"))
	}
	r.Set(wire.MetaDirective, "REPLACE")
	r.DropHeaders(c.drop)
	r.SetHeaders(c.set)
	if sse := c.set.Get("server-side-encryption"); sse != "" && sse != c.before.Get(wire.Encryption) {
		r.Set(wire.EncryptionKey, "") // it is of the encryption before
	}
	return r
}

func (s *Setter) copy(ctx context.Context, key contents.Key, old core.Entry, c change) (core.Entry, error) {
	err := s.Objects.CopyOnto(ctx, c.request(s.Sender.Source(key.Object), key.Object), objects.VersionOf(&old))
	if err != nil {
		return s.refused(ctx, key, old, err)
	}
	after, err := s.Objects.Head(ctx, key.Object)
	if err != nil {
		return old, fmt.Errorf("its headers were set, and it cannot be looked at: %w", err)
	}
	now, _ := s.Opener.Layout.Entry(s.Opener.Object(after, key), nil)
	if err := c.check(old, now, after); err != nil {
		return now, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proved = true
	return now, nil
}

// refused says what the error of a copy means.
func (s *Setter) refused(ctx context.Context, key contents.Key, old core.Entry, err error) (core.Entry, error) {
	var refusal *wire.Error
	switch {
	case errors.Is(err, wire.ErrNotS3):
		s.Can.Lose(ability.Copies)
		after, lookErr := s.Objects.Head(ctx, key.Object)
		if lookErr != nil {
			return old, lookErr
		}
		now, _ := s.Opener.Layout.Entry(s.Opener.Object(after, key), nil) // it may be the empty body of the request
		return now, errPutAgain
	case !errors.As(err, &refusal):
		return old, err
	case refusal.Status == http.StatusNotImplemented, refusal.Status == http.StatusMethodNotAllowed:
		s.Can.Lose(ability.Copies)
		return old, errPutAgain
	case refusal.Status == http.StatusBadRequest && wire.KindOf(refusal.Status, refusal.Code) == nil:
		return old, fmt.Errorf("%w: %w", errPutAgain, err)
	}
	return old, err
}

// check compares the object after the copy with the one before.
func (c change) check(old, now core.Entry, after *wire.Answer) error {
	meta := func(a *wire.Answer, name string) string { return a.Metadata()[name] }
	switch {
	case now.Kind != core.File || after.Length >= 0 && now.Size != old.Size:
		return fmt.Errorf("%w: its headers were set, and another entry is there now", core.ErrChanged)
	case old.MD5.Known() && now.MD5.Known() && now.MD5 != old.MD5:
		return fmt.Errorf("%w: its headers were set, and its md5 is %s now; it was %s", core.ErrCorrupt, now.MD5, old.MD5)
	case after.Get(tags) != c.before.Get(tags):
		return fmt.Errorf("this store does not copy tags: the object had %s, and has %s now", orNone(c.before.Get(tags)), orNone(after.Get(tags)))
	case meta(after, "md5") != meta(c.before, "md5"), c.set.Get("server-side-encryption") == "" && after.Get(wire.Encryption) != c.before.Get(wire.Encryption):
		return fmt.Errorf("%w: the store did not take its md5 and its encryption along", errPutAgain)
	}
	kept := c.before.Headers().Without(append(c.drop, c.set.Names()...))
	kept.StorageClass = "" // it may be the bucket's choice
	if len(after.Headers().Differing(c.set.Over(kept), c.drop)) > 0 {
		return fmt.Errorf("%w: the store did not take the headers", errPutAgain)
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
