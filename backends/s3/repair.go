package s3

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
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
	out, err := t.head(ctx, t.full(e.Key))
	if err == nil && format.BareETag(out.ETag) != e.Token {
		err = fmt.Errorf("%w: it is not the object that was checked", core.ErrChanged)
	}
	if err == nil {
		err = t.copyOntoItself(ctx, t.repairInput(out, e))
	}
	if err != nil {
		return e, t.fail("repair", e.Key, err)
	}
	return t.repaired(ctx, e)
}

// repairInput takes along all of an object but what is to be put right.
func (t *Tree) repairInput(out *awss3.HeadObjectOutput, e core.Entry) *awss3.CopyObjectInput {
	full := t.full(e.Key)
	in := &awss3.CopyObjectInput{
		Bucket: &t.bucketName, Key: &full, CopySource: aws.String(format.EscapePath(t.bucketName + "/" + full)),
		CopySourceIfMatch: out.ETag, IfMatch: out.ETag,
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: format.RepairedMetadata(out.Metadata, e),
		ContentType: out.ContentType, CacheControl: out.CacheControl, ContentDisposition: out.ContentDisposition,
		ContentEncoding: out.ContentEncoding, ContentLanguage: out.ContentLanguage, StorageClass: types.StorageClass(out.StorageClass),
		ServerSideEncryption: out.ServerSideEncryption, SSEKMSKeyId: out.SSEKMSKeyId, BucketKeyEnabled: out.BucketKeyEnabled,
		WebsiteRedirectLocation: out.WebsiteRedirectLocation,
	}
	if at, err := http.ParseTime(aws.ToString(out.ExpiresString)); err == nil {
		in.Expires = &at
	}
	if e.Kind == core.Link && in.WebsiteRedirectLocation == nil {
		in.WebsiteRedirectLocation = aws.String(out.Metadata[format.MetaTarget])
	}
	return in
}

// copyOntoItself copies on the condition that the object is the one that was
// looked at; a store that does not know that condition at the destination has
// still the one at the source.
func (t *Tree) copyOntoItself(ctx context.Context, in *awss3.CopyObjectInput) error {
	if !t.store.can(canCondition) {
		in.IfMatch = nil
	}
	_, err := t.client.CopyObject(ctx, in)
	if err != nil && in.IfMatch != nil && headerRefused(err) {
		in.IfMatch = nil
		if _, err = t.client.CopyObject(ctx, in); err == nil {
			t.store.lost(canCondition)
		}
	}
	return conditional(err, true)
}

// repaired looks how it went: a store may drop redirects without a word.
func (t *Tree) repaired(ctx context.Context, e core.Entry) (core.Entry, error) {
	out, err := t.head(ctx, t.full(e.Key))
	if err != nil {
		return e, t.fail("repair", e.Key, err)
	}
	o := t.headObject(e.Key, out)
	now, _ := t.layout.Entry(o, nil)
	switch {
	case e.Kind == core.Link && o.Redirect == nil:
		err = fmt.Errorf("this store drops redirects")
	case e.Kind == core.File && format.MetadataMD5(o.Metadata) != e.MD5:
		err = fmt.Errorf("this store did not take the new metadata")
	}
	return now, t.fail("repair", e.Key, err)
}
