package s3

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

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
	if err == nil && bareETag(out.ETag) != e.Token {
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
		Bucket: &t.bucketName, Key: &full, CopySource: aws.String(escapePath(t.bucketName + "/" + full)),
		CopySourceIfMatch: out.ETag, IfMatch: out.ETag,
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: repairedMeta(out.Metadata, e),
		ContentType: out.ContentType, CacheControl: out.CacheControl, ContentDisposition: out.ContentDisposition,
		ContentEncoding: out.ContentEncoding, ContentLanguage: out.ContentLanguage, StorageClass: types.StorageClass(out.StorageClass),
		ServerSideEncryption: out.ServerSideEncryption, SSEKMSKeyId: out.SSEKMSKeyId, BucketKeyEnabled: out.BucketKeyEnabled,
		WebsiteRedirectLocation: out.WebsiteRedirectLocation,
	}
	if at, err := http.ParseTime(aws.ToString(out.ExpiresString)); err == nil {
		in.Expires = &at
	}
	if e.Kind == core.Link && in.WebsiteRedirectLocation == nil {
		in.WebsiteRedirectLocation = aws.String(out.Metadata[metaTarget])
	}
	return in
}

// repairedMeta is metadata in which each md5 is that of e, and mtime is there
// if it is known. What else there is stays.
func repairedMeta(meta map[string]string, e core.Entry) map[string]string {
	m := maps.Clone(meta)
	if e.Kind != core.File {
		return m
	}
	if m == nil {
		m = make(map[string]string, 2)
	}
	maps.Copy(m, fileMeta(e))
	if m[metaRclone] != "" {
		m[metaRclone] = e.MD5.Base64()
	}
	if old := s3cmdAttr(m, "md5"); old != "" {
		m[metaS3cmd] = replaceAttr(m[metaS3cmd], "md5", e.MD5.String())
	}
	return m
}

// replaceAttr changes one of s3cmd's attributes.
func replaceAttr(attrs, name, value string) string {
	parts := strings.Split(attrs, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, name+":") {
			parts[i] = name + ":" + value
		}
	}
	return strings.Join(parts, "/")
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
	o := headObject(e.Key, out)
	now, _ := t.entry(o, nil)
	switch {
	case e.Kind == core.Link && o.redirect == nil:
		err = fmt.Errorf("this store drops redirects")
	case e.Kind == core.File && metaSum(o.meta) != e.MD5:
		err = fmt.Errorf("this store did not take the new metadata")
	}
	return now, t.fail("repair", e.Key, err)
}
