package s3

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
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
	u := &upload{Tree: c.Tree, e: c.e, size: size, sums: make([]core.MD5, n), parts: make([]types.CompletedPart, n)}
	if err := u.begin(ctx, c.partsInput()); err != nil {
		return c.e, c.judge(ctx, err)
	}
	err := c.copyParts(ctx, u)
	if err != nil {
		err = c.judge(ctx, err)
	} else {
		var etag *string
		if etag, err = u.complete(ctx, c.old); err == nil {
			u.ended(ctx)
			return stored(c.e, etag), nil
		}
	}
	u.abort(ctx)
	return c.e, err
}

func (c *copying) partsInput() *awss3.CreateMultipartUploadInput {
	var all awss3.CopyObjectInput
	c.describe(&all)
	in := &awss3.CreateMultipartUploadInput{
		Bucket: &c.bucketName, Key: aws.String(c.full(c.key)), ServerSideEncryption: c.sse, Metadata: all.Metadata,
		ContentType: all.ContentType, CacheControl: all.CacheControl, ContentDisposition: all.ContentDisposition,
		ContentEncoding: all.ContentEncoding, ContentLanguage: all.ContentLanguage, Expires: all.Expires,
	}
	if c.kmsKey != "" {
		in.SSEKMSKeyId = &c.kmsKey
	}
	return in
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
	number := aws.Int32(int32(i) + 1) //nolint:gosec // At most 10,000.
	out, err := c.client.UploadPartCopy(ctx, &awss3.UploadPartCopyInput{
		Bucket: &c.bucketName, Key: aws.String(c.full(c.key)), UploadId: u.id, PartNumber: number,
		CopySource: c.source(), CopySourceIfMatch: aws.String(format.QuoteETag(c.e.Token)),
		CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", first, last)),
	})
	if err != nil {
		return err
	}
	if out.CopyPartResult == nil || aws.ToString(out.CopyPartResult.ETag) == "" {
		return errors.New("the store's answer does not say which part it copied")
	}
	u.parts[i] = types.CompletedPart{PartNumber: number, ETag: out.CopyPartResult.ETag}
	u.sums[i], _ = core.ParseMD5(format.BareETag(out.CopyPartResult.ETag))
	return nil
}
