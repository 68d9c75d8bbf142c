package s3

import (
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/s3fc/s3fc/core"
)

// object is what a HEAD or a GET says of an object.
type object struct {
	key      string // of the tree
	size     int64
	etag     string  // without quotes
	redirect *string // nil: no such header
	meta     map[string]string
	sealed   bool // encrypted such that the ETag is no md5, even if it looks like one
	changed  time.Time
	answered time.Time // by the same clock, or zero
}

// settleTime is how old an object has to be, by its store's clock, before what
// was found out about it may be remembered: times are told in whole seconds,
// and the clocks of a store's machines differ a little.
const settleTime = 3 * time.Second

// settled reports whether a later change of the object will show in when it was
// changed.
func (o object) settled() bool {
	return !o.changed.IsZero() && o.answered.Sub(o.changed) >= settleTime
}

// changedAt is when an object was changed as all answers tell it: listings of
// some stores have fractions of a second, and no header has.
func changedAt(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// answeredKey is where an answer that did not come by the SDK has its date.
type answeredKey struct{}

// answeredAt is the store's clock when it gave an answer.
func answeredAt(answer middleware.Metadata) time.Time {
	t, ok := answer.Get(answeredKey{}).(time.Time)
	if !ok {
		t, _ = awsmiddleware.GetServerTime(answer)
	}
	return t
}

// sealed reports whether an object is encrypted with a key of its own: SSE-KMS,
// DSSE-KMS or SSE-C.
func sealed(sse types.ServerSideEncryption, customer *string) bool {
	return customer != nil || (sse != "" && sse != types.ServerSideEncryptionAes256)
}

// sum returns the md5 of the content where the ETag is one.
func (t *Tree) sum(o object) (core.MD5, bool) {
	if o.sealed || t.express {
		return core.MD5{}, false
	}
	return core.ParseMD5(o.etag)
}

// entry makes a complete entry of an object. A body of nil is one that was not
// read; ask then says that only the body can tell a link from a file.
func (t *Tree) entry(o object, body []byte) (e core.Entry, ask bool) {
	e = core.Entry{Key: o.key, Size: o.size, Token: o.etag, Changed: o.changed, Settled: o.settled()}
	if o.redirect != nil {
		t.setTarget(&e, *o.redirect)
		return e, false
	}
	if location := o.meta[metaTarget]; location != "" && mayBeLink(o.size) {
		is, known := t.isLinkBody(o, location, body)
		if !known {
			return e, true
		}
		if is {
			t.setTarget(&e, location)
			return e, false
		}
	}
	e.Kind, e.ModTime = core.File, metaTime(o.meta)
	var ok bool
	if e.MD5, ok = t.sum(o); !ok {
		e.MD5 = metaSum(o.meta)
	}
	return e, false
}

// A refusal says in words for a person why a redirect is no link of the tree.
type refusal struct{ error }

// Is reports whether err is [core.ErrUnsupportedLink], which each refusal is.
func (r refusal) Is(err error) bool { return err == core.ErrUnsupportedLink } //nolint:errorlint // It is asked for by errors.Is.

// Unwrap returns the reason.
func (r refusal) Unwrap() error { return r.error }

// setTarget makes e the link that a redirect says, or an Other.
func (t *Tree) setTarget(e *core.Entry, location string) {
	target, err := parseLocation(t.prefix, location)
	if err != nil {
		e.Kind, e.Problem = core.Other, refusal{err}
		return
	}
	e.Kind, e.Target = core.Link, target
}

// isLinkBody reports whether the object is empty or our page for location. It
// is not known if the ETag tells nothing and the body was not read.
func (t *Tree) isLinkBody(o object, location string, body []byte) (is, known bool) {
	if o.size == 0 {
		return true, true
	}
	if len(location) > maxLocation {
		return false, true
	}
	if body != nil {
		return isPage(body, location), true
	}
	sum, ok := t.sum(o)
	return ok && isPageSum(o.size, sum, location), ok
}
