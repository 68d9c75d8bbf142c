package s3

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
)

// This file is where Go CDK and the raw client part ways.
//
// Go CDK opens the bucket and reads: Attributes is exactly one HEAD and
// NewReader exactly one GET, and through As both give the answer as the SDK
// has it, with the redirect and with metadata that is not decoded a second
// time (CDK's own map unescapes it; a "%41" of ours would come back as "A").
//
// It cannot be asked for every key. For "a../b", which is a valid key (the
// segment "a.." is an ordinary name), CDK looks for "a..__0x2f__b", and for
// that key it looks for "a..__0x5f___0x2f__b". Such keys are read with the raw
// client.
//
// At a plain endpoint, contents come over the wire: a run reads them by the
// thousand, and CDK's reader, on the SDK, takes several times the CPU.
//
// Everything else goes through the raw client, which is the one that CDK was
// opened with, so that requests are counted and retried alike: listings
// (StartAfter, and EncodingType, which CDK would not decode), writes
// (Content-MD5, redirects, If-Match; CDK escapes metadata and buffers each body
// once more), and deletes (CDK asks with a HEAD before each).

// cdkRewrites reports whether Go CDK would look for another key.
func cdkRewrites(key string) bool {
	return strings.Contains(key, "../") || strings.Contains(key, "__0x") ||
		strings.IndexFunc(key, func(r rune) bool { return r < ' ' }) >= 0
}

// head asks for an object's metadata: one HEAD.
func (t *Tree) head(ctx context.Context, full string) (*awss3.HeadObjectOutput, error) {
	if cdkRewrites(full) {
		out, err := t.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &t.bucketName, Key: &full})
		if err == nil {
			err = tagged(out.ETag)
		}
		return out, err
	}
	attrs, err := t.bucket.Attributes(ctx, full)
	if err != nil {
		return nil, err
	}
	var out awss3.HeadObjectOutput
	if !attrs.As(&out) {
		return nil, errors.New("the attributes from Go CDK are not those of S3")
	}
	return &out, tagged(out.ETag)
}

// get asks for an object: one GET. The body is the answer's, to be read and
// closed instead of out.Body.
func (t *Tree) get(ctx context.Context, full string) (body io.ReadCloser, out *awss3.GetObjectOutput, err error) {
	if t.wire.usable() || cdkRewrites(full) {
		out, err = t.fetchObject(ctx, &awss3.GetObjectInput{Bucket: &t.bucketName, Key: &full})
		if err != nil {
			return nil, nil, err
		}
		return taggedBody(out.Body, out)
	}
	r, err := t.bucket.NewReader(ctx, full, nil)
	if err != nil {
		return nil, nil, err
	}
	out = new(awss3.GetObjectOutput)
	if !r.As(out) {
		return nil, nil, errors.Join(errors.New("the reader from Go CDK is not one of S3"), r.Close())
	}
	return taggedBody(r, out)
}

// headObject and getObject return an object as an answer shows it.
func (t *Tree) headObject(key string, out *awss3.HeadObjectOutput) format.Object {
	return format.Object{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: format.BareETag(out.ETag), Redirect: out.WebsiteRedirectLocation,
		Metadata: out.Metadata, Opaque: t.opaque(out.ServerSideEncryption, out.SSECustomerAlgorithm),
		Changed: format.WholeSeconds(out.LastModified), Answered: answeredAt(out.ResultMetadata),
	}
}

func (t *Tree) getObject(key string, out *awss3.GetObjectOutput) format.Object {
	return format.Object{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: format.BareETag(out.ETag), Redirect: out.WebsiteRedirectLocation,
		Metadata: out.Metadata, Opaque: t.opaque(out.ServerSideEncryption, out.SSECustomerAlgorithm),
		Changed: format.WholeSeconds(out.LastModified), Answered: answeredAt(out.ResultMetadata),
	}
}

// opaque reports whether the ETags of objects with this encryption are no md5s.
func (t *Tree) opaque(sse types.ServerSideEncryption, customer *string) bool {
	return t.layout.Express || format.OpaqueETag(sse, customer)
}

// answeredKey is where an answer that did not come through the SDK has its date.
type answeredKey struct{}

// answeredAt returns the store's clock when it gave an answer.
func answeredAt(answer middleware.Metadata) time.Time {
	t, ok := answer.Get(answeredKey{}).(time.Time)
	if !ok {
		t, _ = awsmiddleware.GetServerTime(answer)
	}
	return t
}
