package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/mediatype"
)

// Put implements [core.Backend]: one PUT, for a file above 16 MiB one a part
// and two more, and for the first link of a run one HEAD more. A file of the
// bytes of a link's page takes three.
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := t.CheckPut(e); err != nil {
		return core.Entry{}, t.fail("put", e.Key, err)
	}
	var err error
	switch {
	case e.Kind == core.Link:
		e, err = t.putLink(ctx, e, old)
	case e.Size > format.SingleMax:
		e, err = t.putParts(ctx, e, body, old)
	default:
		e, err = t.putSmall(ctx, e, body, old)
	}
	if err != nil {
		return core.Entry{}, t.fail("put", e.Key, err)
	}
	return e, nil
}

// stored is e as it was stored with this ETag.
func stored(e core.Entry, etag *string) core.Entry {
	e.Partial, e.MaybeLink, e.Problem = false, false, nil
	e.Token, e.Changed, e.Settled = format.BareETag(etag), time.Time{}, false // the answer does not tell when
	return e
}

func (t *Tree) putSmall(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	content, done, err := t.content(ctx, &e, body)
	if err != nil {
		return e, err
	}
	defer done()
	if mimics, err := mimicsLink(e, content); err != nil {
		return e, err
	} else if mimics {
		return t.putParts(ctx, e, content, old)
	}
	in := &awss3.PutObjectInput{
		Bucket: &t.bucketName, Key: aws.String(t.full(e.Key)),
		Body: content, ContentLength: aws.Int64(e.Size), ContentMD5: aws.String(e.MD5.Base64()),
		Metadata: format.FileMetadata(e),
	}
	if in.ContentType, err = contentType(e.Key, content); err != nil {
		return e, err
	}
	out, err := t.putObject(ctx, in, old)
	if err != nil {
		return e, err
	}
	o := format.Object{Size: e.Size, ETag: format.BareETag(out.ETag), Opaque: t.opaque(out.ServerSideEncryption, out.SSECustomerAlgorithm)}
	if sum, ok := o.MD5(); ok && sum != e.MD5 {
		return e, fmt.Errorf("%w: the store has md5 %s, and %s was sent", core.ErrCorrupt, sum, e.MD5)
	}
	return stored(e, out.ETag), nil
}

// mimicsLink reports whether a file is from a page of ours. Stored in one piece
// it would have the size and the ETag of that link, and pass for it; in parts,
// be it in one, it has another ETag.
func mimicsLink(e core.Entry, content io.ReadSeeker) (bool, error) {
	if e.Size == 0 || !format.MayBeLink(e.Size) {
		return false, nil
	}
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return false, err
	}
	head := make([]byte, e.Size)
	if _, err := io.ReadFull(content, head); err != nil {
		return false, err
	}
	_, err = content.Seek(at, io.SeekStart)
	return format.HasLinkPageMark(head), err
}

// content returns the body as something that can be sent again. What cannot
// seek is read into a buffer; done gives it back. The md5 of e is completed.
func (t *Tree) content(ctx context.Context, e *core.Entry, body io.Reader) (content io.ReadSeeker, done func(), err error) {
	if body == nil {
		body = http.NoBody
	}
	done = func() {}
	content, ok := body.(io.ReadSeeker)
	if ok {
		err = checkLength(content, e.Size)
	} else {
		content, done, err = t.buffer(ctx, e, body)
	}
	if err == nil && !e.MD5.Known() {
		e.MD5, err = format.RestMD5(content)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return content, done, nil
}

// checkLength reports whether exactly size bytes follow in content.
func checkLength(content io.Seeker, size int64) error {
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	end, err := content.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if end-at != size {
		return fmt.Errorf("%w: %d bytes were promised, and there are %d", core.ErrCorrupt, size, end-at)
	}
	_, err = content.Seek(at, io.SeekStart)
	return err
}

func (t *Tree) buffer(ctx context.Context, e *core.Entry, body io.Reader) (*bytes.Reader, func(), error) {
	pool := t.opts.Env.Buffers
	buf, err := pool.Get(ctx, int(e.Size))
	if err != nil {
		return nil, nil, err
	}
	done := func() { pool.Put(buf) }
	if err := readExactly(body, buf); err != nil {
		done()
		return nil, func() {}, err
	}
	if sum := core.SumMD5(buf); e.MD5.Known() && sum != e.MD5 {
		done()
		return nil, func() {}, fmt.Errorf("%w: md5 %s was promised, and it is %s", core.ErrCorrupt, e.MD5, sum)
	}
	return bytes.NewReader(buf), done, nil
}

// readExactly fills buf from r, which must then be at its end.
func readExactly(r io.Reader, buf []byte) error {
	n, err := io.ReadFull(r, buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %d bytes were promised, and there are %d", core.ErrCorrupt, len(buf), n)
	}
	if err != nil {
		return err
	}
	return atEnd(r, int64(len(buf)))
}

// atEnd reports whether r has nothing more, after size bytes.
func atEnd(r io.Reader, size int64) error {
	var one [1]byte
	switch n, err := io.ReadFull(r, one[:]); {
	case n > 0:
		return fmt.Errorf("%w: %d bytes were promised, and there are more", core.ErrCorrupt, size)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// typeHead is how many bytes of a file are looked at for its media type.
const typeHead = 3 << 10

// contentType returns the media type of a file, by name and content; content
// stays where it is.
func contentType(key string, content io.ReadSeeker) (*string, error) {
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	head := make([]byte, typeHead)
	n, err := io.ReadFull(content, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	_, err = content.Seek(at, io.SeekStart)
	return aws.String(mediatype.Detect(key, head[:n])), err
}

// putObject sends one object on the condition that old is still there. What
// the store refuses to take, the condition or the redirect, is left away, and
// remembered once it went well without.
func (t *Tree) putObject(ctx context.Context, in *awss3.PutObjectInput, old *core.Entry) (*awss3.PutObjectOutput, error) {
	match, noneMatch := condition(old)
	redirect, body := in.WebsiteRedirectLocation, in.Body.(io.ReadSeeker)
	start, err := body.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	t.seal(in)
	first := wish{condition: match != nil || noneMatch != nil, redirect: redirect != nil}.within(&t.store)
	var out *awss3.PutObjectOutput
	return out, first.try(&t.store, func(w wish) error {
		in.IfMatch, in.IfNoneMatch, in.WebsiteRedirectLocation = nil, nil, nil
		if w.condition {
			in.IfMatch, in.IfNoneMatch = match, noneMatch
		}
		if w.redirect {
			in.WebsiteRedirectLocation = redirect
		} else if redirect != nil && in.Metadata[format.MetaTarget] == "" {
			return errNoRedirect
		}
		if _, err := body.Seek(start, io.SeekStart); err != nil {
			return err
		}
		var err error
		if out, err = t.sendObject(ctx, in); err == nil {
			err = tagged(out.ETag)
		}
		return conditional(err, w.condition && old != nil)
	})
}

// seal sets what each write of this tree has: encryption, and in a directory
// bucket, which knows no Content-MD5, another checksum.
func (t *Tree) seal(in *awss3.PutObjectInput) {
	in.ServerSideEncryption = t.sse
	if t.kmsKey != "" {
		in.SSEKMSKeyId = &t.kmsKey
	}
	if t.express {
		in.ContentMD5, in.ChecksumAlgorithm = nil, types.ChecksumAlgorithmCrc32
	}
}

// condition returns the headers by which old is still there, or nothing.
func condition(old *core.Entry) (match, noneMatch *string) {
	switch {
	case old == nil:
		return nil, aws.String("*")
	case old.Token == "":
		return nil, nil
	}
	return aws.String(format.QuoteETag(old.Token)), nil
}

// conditional says that a condition on an existing object failed, if that is
// what err is: with 404, it is gone.
func conditional(err error, matched bool) error {
	if matched && refused(err, http.StatusNotFound) && code(err) != "NoSuchBucket" {
		return fmt.Errorf("%w: it is gone", core.ErrChanged)
	}
	return err
}
