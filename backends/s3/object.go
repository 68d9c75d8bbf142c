package s3

import (
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

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
	e = core.Entry{Key: o.key, Size: o.size, Token: o.etag}
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

// setTarget makes e the link that a redirect says, or an Other.
func (t *Tree) setTarget(e *core.Entry, location string) {
	target, err := parseLocation(t.prefix, location)
	if err != nil {
		e.Kind, e.Problem = core.Other, err
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
