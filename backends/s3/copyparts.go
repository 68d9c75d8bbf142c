package s3

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// copiesAtOnce is how many parts of one object are copied at once: nothing of
// them passes here.
const copiesAtOnce = 16

// parts copies a large object in parts of the size that an upload of it has, so
// that its ETag can be proved later.
func (c *copying) parts(ctx context.Context) (core.Entry, error) {
	size := format.PartSize(c.e.Size)
	n := format.CountParts(c.e.Size, size)
	u := &upload{Tree: c.Tree, e: c.e, size: size, sums: make([]core.MD5, n), parts: make([]wire.Part, n)}
	r := wire.NewRequest("", "")
	c.objects.Seal(r)
	c.describe(r)
	if err := u.begin(ctx, r.Header); err != nil {
		return c.e, c.judge(ctx, err)
	}
	err := c.copyParts(ctx, u)
	if err != nil {
		err = c.judge(ctx, err)
	} else {
		var etag string
		if etag, err = u.complete(ctx, c.old); err == nil {
			u.ended(ctx)
			return stored(c.e, etag), nil
		}
	}
	u.abort(ctx)
	return c.e, err
}

func (c *copying) copyParts(ctx context.Context, u *upload) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(copiesAtOnce)
	for i := range u.parts {
		g.Go(func() error { return c.copyPart(ctx, u, i) })
	}
	return g.Wait()
}

func (c *copying) copyPart(ctx context.Context, u *upload, i int) error {
	first := int64(i) * u.size
	last := min(first+u.size, c.e.Size) - 1
	r := wire.NewRequest("", "")
	c.setSource(r)
	r.Set(wire.CopySourceRange, fmt.Sprintf("bytes=%d-%d", first, last))
	part, err := c.wire.CopyPart(ctx, c.full(c.key), u.id, i+1, r.Header)
	if err != nil {
		return err
	}
	tag := format.BareETag(&part.ETag)
	if tag == "" {
		return errors.New("the store's answer does not say which part it copied")
	}
	u.parts[i] = part
	u.sums[i], _ = core.ParseMD5(tag)
	return nil
}
