package s3

import (
	"cmp"
	"context"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/copying"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

var _ core.Copier = (*Tree)(nil)

// newCopier returns the copier of objects to the tree.
func newCopier(t *Tree) *copying.Copier {
	return &copying.Copier{
		Sender: t.wire, Objects: t.objects, Uploads: t.uploads, Can: t.can, AWS: t.aws, Check: t.opener.CheckStored,
	}
}

// self lets a Tree be found in a type that embeds it.
func (t *Tree) self() *Tree { return t }

// source returns the object of a bucket of this store that the entry e of src is.
func source(t *Tree, src core.Tree, e core.Entry) (from copying.Source, ok bool) {
	tree, as, ok := core.Origin(src, e)
	if !ok {
		return from, false
	}
	b, ok := tree.(interface{ self() *Tree })
	if !ok {
		return from, false
	}
	s := b.self()
	from = copying.Source{Sender: s.wire, Objects: s.objects, Layout: s.layout, Bucket: s.bucketName, Key: s.full(as.Key), Entry: as}
	same := strings.EqualFold(strings.TrimRight(t.Endpoint(), "/"), strings.TrimRight(s.Endpoint(), "/"))
	return from, same && !t.express && !s.express && t.copier.Copies(from.Bucket, from.Key)
}

// CanCopy implements [core.Copier]: within one endpoint, for an entry that cannot
// be a link by its size. One that may be a link is small, and to read it tells.
func (t *Tree) CanCopy(src core.Tree, e core.Entry) bool {
	_, ok := source(t, src, e)
	return ok && !format.MayBeLink(e.Size)
}

// CopyCost implements [core.Copier].
func (t *Tree) CopyCost(e core.Entry) core.Requests { return t.copier.Cost(e) }

// CopyFrom implements [core.Copier].
func (t *Tree) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	from, ok := source(t, src, e)
	if !ok {
		return core.Entry{}, t.fail("copy", key, copying.ErrNotCopied)
	}
	to := e
	to.Key = key
	if err := cmp.Or(t.CheckPut(to), core.CheckOld(old)); err != nil {
		return core.Entry{}, t.fail("copy", key, err)
	}
	to, err := t.copier.Copy(ctx, from, copying.Target{Key: t.full(key), Entry: key, Old: old})
	if err != nil {
		return core.Entry{}, t.fail("copy", key, err)
	}
	return to, nil
}
