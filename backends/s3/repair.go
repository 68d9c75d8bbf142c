package s3

import (
	"context"
	"fmt"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// maxCopy is the size in bytes of the largest object that S3 copies in one
// request.
const maxCopy = 5 << 30

// Repair implements [core.Auditor] with a copy of the object onto itself, between
// two HEADs: the first for what the copy has to take along, because with new
// metadata nothing else of the old is kept, and the second for how it went.
// The object's ACL, if it has one of its own, becomes the bucket's default.
func (t *Tree) Repair(ctx context.Context, e core.Entry) (core.Entry, error) {
	if e.Size > maxCopy {
		return e, t.fail("repair", e.Key, fmt.Errorf("it is larger than the %d GiB that S3 copies in one request: put it again", maxCopy>>30))
	}
	a, err := t.objects.Head(ctx, t.full(e.Key))
	if err == nil && a.ETag() != e.Token {
		err = fmt.Errorf("%w: it is not the object that was checked", core.ErrChanged)
	}
	if err == nil {
		err = t.objects.CopyOnto(ctx, t.repairRequest(a, e), objects.VersionOf(&e))
	}
	if err != nil {
		return e, t.fail("repair", e.Key, err)
	}
	return t.repaired(ctx, e)
}

// keptHeaders are those of an object that a copy with new metadata would lose, or
// make anew, beside those that [wire.Request.Describe] keeps.
var keptHeaders = []string{
	wire.Redirect, wire.Encryption, wire.EncryptionKey, "X-Amz-Storage-Class", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
}

// repairRequest keeps all of an object but what is to be put right.
func (t *Tree) repairRequest(a *wire.Answer, e core.Entry) *wire.Request {
	full := t.full(e.Key)
	r := wire.NewRequest(http.MethodPut, full)
	r.Set(wire.CopySource, t.wire.Source(full))
	r.Set(wire.CopySourceMatch, a.Get(wire.ETag))
	r.Set(wire.MetaDirective, "REPLACE")
	r.Describe(a)
	for _, name := range keptHeaders {
		r.Set(name, a.Get(name))
	}
	r.SetMetadata(format.RepairedMetadata(a.Metadata(), e))
	if e.Kind == core.Link && r.Get(wire.Redirect) == "" {
		r.Set(wire.Redirect, a.Metadata()[format.MetaTarget])
	}
	return r
}

// repaired looks how it went: a store may drop redirects without a word.
func (t *Tree) repaired(ctx context.Context, e core.Entry) (core.Entry, error) {
	a, err := t.objects.Head(ctx, t.full(e.Key))
	if err != nil {
		return e, t.fail("repair", e.Key, err)
	}
	o := a.Object(e.Key)
	now, _ := t.layout.Entry(o, nil)
	switch {
	case e.Kind == core.Link && o.Redirect == nil:
		err = fmt.Errorf("this store drops redirects")
	case e.Kind == core.File && format.MetadataMD5(o.Metadata) != e.MD5:
		err = fmt.Errorf("this store did not take the new metadata")
	}
	return now, t.fail("repair", e.Key, err)
}
