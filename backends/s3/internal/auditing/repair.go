package auditing

import (
	"context"
	"fmt"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// maxCopy is the size in bytes of the largest object that S3 copies in one
// request.
const maxCopy = 5 << 30

// Repair puts the metadata of an object right, with a copy of the object onto itself
// between two HEADs: the first for everything that the copy has to take along, because
// with new metadata nothing else of the old is kept, and the second for how it went.
// The object's ACL, if it has one of its own, becomes the bucket's default.
func (a *Auditor) Repair(ctx context.Context, key contents.Key, e core.Entry) (core.Entry, error) {
	if e.Size > maxCopy {
		return e, fmt.Errorf("it is larger than the %d GiB that S3 copies in one request: put it again", maxCopy>>30)
	}
	answer, err := a.Objects.Head(ctx, key.Object)
	if err == nil && answer.ETag() != e.Token {
		err = fmt.Errorf("%w: it is not the object that was checked", core.ErrChanged)
	}
	if err == nil {
		err = a.Objects.CopyOnto(ctx, a.repairRequest(key.Object, answer, e), objects.VersionOf(&e))
	}
	if err != nil {
		return e, err
	}
	return a.repaired(ctx, key, e)
}

// repairRequest copies an object onto itself, and changes only the metadata to
// repair.
func (a *Auditor) repairRequest(key string, answer *wire.Answer, e core.Entry) *wire.Request {
	r := wire.NewRequest(http.MethodPut, key)
	r.Set(wire.CopySource, a.Sender.Source(key))
	r.Set(wire.CopySourceMatch, answer.Get(wire.ETag))
	r.Set(wire.MetaDirective, "REPLACE")
	r.Keep(answer)
	r.SetMetadata(format.RepairedMetadata(answer.Metadata(), e))
	if e.Kind == core.Link && r.Get(wire.Redirect) == "" {
		r.Set(wire.Redirect, answer.Metadata()[format.MetaTarget])
	}
	return r
}

// repaired looks how it went: a store may drop redirects without a word.
func (a *Auditor) repaired(ctx context.Context, key contents.Key, e core.Entry) (core.Entry, error) {
	answer, err := a.Objects.Head(ctx, key.Object)
	if err != nil {
		return e, err
	}
	o := a.Opener.Object(answer, key)
	now, _ := a.Opener.Layout.Entry(o, nil)
	switch {
	case e.Kind == core.Link && o.Redirect == nil:
		a.Can.Lose(ability.KeptRedirects)
		err = fmt.Errorf("this store drops redirects")
	case e.Kind == core.File && format.MetadataMD5(o.Metadata) != e.MD5:
		err = fmt.Errorf("this store did not take the new metadata")
	}
	return now, err
}
