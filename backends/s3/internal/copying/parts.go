package copying

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// parts copies a large object in parts of the size that an upload of it has, so
// that its ETag can be proved later.
func (j *job) parts(ctx context.Context) (core.Entry, error) {
	r, source := wire.NewRequest("", ""), wire.NewRequest("", "")
	j.Objects.Seal(r)
	j.setProperties(r)
	j.describe(r)
	j.setSource(source)
	explain := func(err error) error { return j.explainPart(ctx, err) }
	etag, err := j.Uploads.Copy(ctx, j.to.Key, j.e, r.Header, source.Header, objects.VersionOf(j.to.Old), explain)
	if err != nil {
		return j.e, err
	}
	return format.Stored(j.e, etag), nil
}

// explainPart is explain for a part. A store that ignores the header of a copy takes the
// empty body of the request for the part, and nothing is there that has to be taken
// back: the upload is aborted.
func (j *job) explainPart(ctx context.Context, err error) error {
	if errors.Is(err, wire.ErrNotS3) && j.Can.Lose(ability.Copies) {
		return ErrNotCopied
	}
	return j.explain(ctx, err)
}
