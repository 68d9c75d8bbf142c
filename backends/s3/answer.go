package s3

import (
	"context"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/wire"
)

// tagged is [wire.ErrNotS3] if an answer has no ETag: S3 gives one with whatever
// it stores or reads.
func tagged(etag string) error {
	if etag == "" {
		return wire.ErrNotS3
	}
	return nil
}

// head asks for an object's metadata: one HEAD.
func (t *Tree) head(ctx context.Context, full string) (*wire.Answer, error) {
	a, err := t.wire.Send(ctx, wire.NewRequest(http.MethodHead, full))
	if err == nil {
		err = tagged(a.ETag())
	}
	return a, err
}

// get asks for an object: one GET. The body of the answer is to be closed.
func (t *Tree) get(ctx context.Context, r *wire.Request) (*wire.Answer, error) {
	a, err := t.wire.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := tagged(a.ETag()); err != nil {
		_ = a.Body.Close() // it is of no use
		return nil, err
	}
	return a, nil
}
