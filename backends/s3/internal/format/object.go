package format

import (
	"time"

	"github.com/s3fc/s3fc/core"
)

// Object is an object as a HEAD or a GET shows it.
type Object struct {
	Key      string // of the tree
	Size     int64
	ETag     string            // without quotes
	Redirect *string           // nil: no such header
	Metadata map[string]string // by names in lower case
	Opaque   bool              // the ETag is no md5, even if it looks like one
	Changed  time.Time         // in whole seconds
	Headers  *core.Headers     // of a file
	Answered time.Time         // when the store answered, by its clock; zero: unknown
}

// settleTime is the age that an object must have, by its store's clock, before
// its entry may be remembered: answers tell times in whole seconds, and the clocks
// of a store's machines differ a little.
const settleTime = 3 * time.Second

// settled reports whether each later change of the object will have another
// time.
func (o Object) settled() bool {
	return !o.Changed.IsZero() && o.Answered.Sub(o.Changed) >= settleTime
}

// MD5 returns the md5 of the content if the ETag is one.
func (o Object) MD5() (sum core.MD5, ok bool) {
	if o.Opaque {
		return core.MD5{}, false
	}
	return core.ParseMD5(o.ETag)
}

// Stored returns e as it was stored with this ETag, which has no quotes. The answer
// does not say when.
func Stored(e core.Entry, etag string) core.Entry {
	e.Partial, e.MaybeLink, e.Problem = false, false, nil
	e.Token, e.Changed, e.Settled = etag, time.Time{}, false
	return e
}

// aes256 is the one encryption of S3 under which an ETag is an md5.
const aes256 = "AES256"

// OpaqueETag reports whether an object is encrypted so that its ETag is no md5:
// SSE-KMS, DSSE-KMS, or SSE-C, which customer names the algorithm of.
func OpaqueETag[Encryption ~string](sse Encryption, customer *string) bool {
	return customer != nil || (sse != "" && sse != aes256)
}

// Layout says where a tree is in its bucket. Its zero value is a whole bucket.
type Layout struct {
	Prefix  string // empty, or with a final slash
	Express bool   // a directory bucket: no links, and ETags that are no md5s
}

// Entry returns the complete entry of an object. The body is nil if it was not
// read; needBody then reports that only the body can tell a link from a file.
func (l Layout) Entry(o Object, body []byte) (e core.Entry, needBody bool) {
	o.Opaque = o.Opaque || l.Express
	e = core.Entry{Key: o.Key, Size: o.Size, Token: o.ETag, Changed: o.Changed, Settled: o.settled()}
	if o.Redirect != nil {
		l.setTarget(&e, *o.Redirect)
		return e, false
	}
	if location := o.Metadata[MetaTarget]; location != "" && MayBeLink(o.Size) {
		is, known := o.isLinkBody(location, body)
		if !known {
			return e, true
		}
		if is {
			l.setTarget(&e, location)
			return e, false
		}
	}
	e.Kind, e.ModTime, e.Headers = core.File, MetadataTime(o.Metadata), o.Headers
	var ok bool
	if e.MD5, ok = o.MD5(); !ok {
		e.MD5 = MetadataMD5(o.Metadata)
	}
	return e, false
}

// setTarget makes e the link of a redirect, or an Other with the reason why the
// redirect is no link of the tree.
func (l Layout) setTarget(e *core.Entry, location string) {
	target, err := ParseLocation(l.Prefix, location)
	if err != nil {
		e.Kind, e.Problem = core.Other, unsupported{err}
		return
	}
	e.Kind, e.Target = core.Link, target
}

// isLinkBody reports whether the object is empty or the link page for location.
// It is not known if the ETag is no md5 and the body was not read.
func (o Object) isLinkBody(location string, body []byte) (is, known bool) {
	if o.Size == 0 {
		return true, true
	}
	if len(location) > MaxLocation {
		return false, true
	}
	if body != nil {
		return IsLinkPage(body, location), true
	}
	sum, ok := o.MD5()
	return ok && IsLinkPageSum(o.Size, sum, location), ok
}

// unsupported tells a person why a redirect is no link of the tree.
type unsupported struct{ error }

// Is reports whether err is [core.ErrUnsupportedLink].
func (u unsupported) Is(err error) bool { return err == core.ErrUnsupportedLink } //nolint:errorlint // It is asked for by errors.Is.

// Unwrap returns the reason.
func (u unsupported) Unwrap() error { return u.error }
