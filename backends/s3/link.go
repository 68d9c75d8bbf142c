package s3

import (
	"bytes"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

// putLink writes a link: page, redirect and metadata say the same.
func (t *Tree) putLink(ctx context.Context, e core.Entry, old *core.Entry) (core.Entry, error) {
	location := format.Location(t.prefix, e.Target)
	in := t.linkInput(e.Key, location)
	e.Size, e.MD5 = *in.ContentLength, core.MD5{}
	out, err := t.putObject(ctx, in, old)
	if err != nil {
		return e, err
	}
	e = stored(e, out.ETag)
	if in.WebsiteRedirectLocation != nil && t.store.claimFirstLink() {
		t.lookAtFirstLink(ctx, e.Key, location)
	}
	if in.Metadata[format.MetaTarget] == "" && !t.store.keepsRedirects() {
		return e, t.takeBack(ctx, e, old)
	}
	return e, nil
}

// takeBack removes a link that turned out to be none: the store dropped the
// redirect, and the target was too long for metadata. What it may have replaced
// is gone; the next link of this length is refused before it is written.
func (t *Tree) takeBack(ctx context.Context, e core.Entry, old *core.Entry) error {
	if old != nil {
		return errNoRedirect
	}
	return errors.Join(errNoRedirect, t.Delete(ctx, e))
}

func (t *Tree) linkInput(key, location string) *awss3.PutObjectInput {
	var body []byte
	if t.opts.LinkBody != LinkEmpty {
		body = format.LinkPage(location)
	}
	in := &awss3.PutObjectInput{
		Bucket: &t.bucketName, Key: aws.String(t.full(key)),
		Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))), ContentMD5: aws.String(core.SumMD5(body).Base64()),
		ContentType: aws.String("text/html; charset=utf-8"), CacheControl: aws.String("max-age=0, no-cache"),
		WebsiteRedirectLocation: &location,
	}
	if len(location) <= format.MaxMetaTarget {
		in.Metadata = map[string]string{format.MetaTarget: location}
	}
	return in
}

// lookAtFirstLink reads back the first link of a run, because some stores take
// the redirect and forget it. A failure to look is not one of the link, which
// is stored.
func (t *Tree) lookAtFirstLink(ctx context.Context, key, location string) {
	out, err := t.head(ctx, t.full(key))
	if err != nil {
		t.opts.Env.Logger().DebugContext(ctx, "the first link cannot be read back", "key", key, "error", t.plain(err))
		return
	}
	if aws.ToString(out.WebsiteRedirectLocation) != location {
		t.store.dropped()
	}
}
