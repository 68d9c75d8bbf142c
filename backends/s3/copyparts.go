package s3

import (
	"context"

	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// parts copies a large object in parts of the size that an upload of it has, so
// that its ETag can be proved later.
func (c *copying) parts(ctx context.Context) (core.Entry, error) {
	r, source := wire.NewRequest("", ""), wire.NewRequest("", "")
	c.objects.Seal(r)
	c.describe(r)
	c.setSource(source)
	explain := func(err error) error { return c.judge(ctx, err) }
	etag, err := c.uploads.Copy(ctx, c.full(c.key), c.e, r.Header, source.Header, objects.VersionOf(c.old), explain)
	if err != nil {
		return c.e, err
	}
	return stored(c.e, etag), nil
}
