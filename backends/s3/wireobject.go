package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// sendObject puts an object: over the wire where that can be, else through the
// SDK.
func (t *Tree) sendObject(ctx context.Context, in *awss3.PutObjectInput) (*awss3.PutObjectOutput, error) {
	if !t.wire.usable() {
		return t.client.PutObject(ctx, in, t.unsigned)
	}
	body := in.Body.(io.ReadSeeker)
	start, err := body.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	out, err := t.wire.put(ctx, in, start)
	if err == nil || !t.wire.clocks(err) {
		return out, err
	}
	if _, err := body.Seek(start, io.SeekStart); err != nil {
		return nil, err
	}
	return t.client.PutObject(ctx, in, t.unsigned)
}

// expectAbove is the size in bytes above which a body is only sent once the
// store has said that it wants it, as the SDK does.
const expectAbove = 2 << 20

// put sends a PUT. Of in, it knows the fields that [Tree.putSmall] and
// [Tree.putLink] use.
func (w *wire) put(ctx context.Context, in *awss3.PutObjectInput, start int64) (*awss3.PutObjectOutput, error) {
	r := &request{
		method: http.MethodPut, key: *in.Key, header: putHeader(in),
		body: in.Body.(io.ReadSeeker), start: start, size: aws.ToInt64(in.ContentLength),
	}
	h, err := w.send(ctx, r)
	if err != nil {
		return nil, err
	}
	return &awss3.PutObjectOutput{
		ETag: headerValue(h, "Etag"), ServerSideEncryption: sseHeader(h),
		SSECustomerAlgorithm: headerValue(h, "X-Amz-Server-Side-Encryption-Customer-Algorithm"),
	}, nil
}

// putHeader is the header of a PUT, its keys in canonical form.
func putHeader(in *awss3.PutObjectInput) http.Header {
	h := make(http.Header, 16)
	for name, value := range map[string]*string{
		"Content-Md5": in.ContentMD5, "Content-Type": in.ContentType, "Cache-Control": in.CacheControl,
		"If-Match": in.IfMatch, "If-None-Match": in.IfNoneMatch,
		"X-Amz-Website-Redirect-Location":             in.WebsiteRedirectLocation,
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": in.SSEKMSKeyId,
	} {
		if value != nil {
			h[name] = []string{*value}
		}
	}
	if in.ServerSideEncryption != "" {
		h["X-Amz-Server-Side-Encryption"] = []string{string(in.ServerSideEncryption)}
	}
	for name, value := range in.Metadata {
		h[textproto.CanonicalMIMEHeaderKey(metaHeader+name)] = []string{value}
	}
	return h
}

const metaHeader = "X-Amz-Meta-"

var sha256s = sync.Pool{New: func() any { return sha256.New() }}

// bodyHash is what the signature says of a body: over TLS nothing, else its
// SHA-256. The body is read to its end.
func (w *wire) bodyHash(body io.Reader) (string, error) {
	switch {
	case w.creds == nil:
		return "", nil
	case w.bare:
		return unsignedHash, nil
	}
	h := sha256s.Get().(hash.Hash)
	defer sha256s.Put(h)
	h.Reset()
	if _, err := io.Copy(h, body); err != nil {
		return "", err
	}
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])), nil
}

// uploadPart sends a part of an upload: over the wire where that can be, else
// through the SDK.
func (t *Tree) uploadPart(ctx context.Context, in *awss3.UploadPartInput) (*awss3.UploadPartOutput, error) {
	if t.wire.usable() {
		out, err := t.wire.part(ctx, in)
		if err == nil || !t.wire.clocks(err) {
			return out, err
		}
		if _, err := in.Body.(io.Seeker).Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
	}
	return t.client.UploadPart(ctx, in, t.unsigned)
}

// part sends a PUT of a part, whose body is all of in.Body.
func (w *wire) part(ctx context.Context, in *awss3.UploadPartInput) (*awss3.UploadPartOutput, error) {
	r := &request{
		method: http.MethodPut, key: *in.Key, header: http.Header{"Content-Md5": {*in.ContentMD5}},
		query: "partNumber=" + strconv.Itoa(int(*in.PartNumber)) + "&uploadId=" + url.QueryEscape(*in.UploadId),
		body:  in.Body.(io.ReadSeeker), size: aws.ToInt64(in.ContentLength),
	}
	h, err := w.send(ctx, r)
	if err != nil {
		return nil, err
	}
	return &awss3.UploadPartOutput{ETag: headerValue(h, "Etag")}, nil
}

// send sends a request with a body and returns the header of the answer.
func (w *wire) send(ctx context.Context, r *request) (http.Header, error) {
	if r.size >= expectAbove {
		r.header["Expect"] = []string{"100-continue"}
	}
	var err error
	if r.hash, err = w.bodyHash(r.body); err != nil {
		return nil, err
	}
	resp, err := w.do(ctx, r) //nolint:bodyclose // drain closes it.
	if err != nil {
		return nil, err
	}
	drain(resp.Body)
	return resp.Header, nil
}

// fetchObject gets an object, or the range of in of it: over the wire where that
// can be, else through the SDK. The body is to be closed.
func (t *Tree) fetchObject(ctx context.Context, in *awss3.GetObjectInput) (*awss3.GetObjectOutput, error) {
	if t.wire.usable() {
		out, err := t.wire.get(ctx, in)
		if err == nil || !t.wire.clocks(err) {
			return out, err
		}
	}
	return t.client.GetObject(ctx, in)
}

// get sends a GET. Of in it knows key, range and condition, and of the answer
// what an entry is made of.
func (w *wire) get(ctx context.Context, in *awss3.GetObjectInput) (*awss3.GetObjectOutput, error) {
	h := make(http.Header, 8)
	if in.Range != nil {
		h["Range"] = []string{*in.Range}
	}
	if in.IfMatch != nil {
		h["If-Match"] = []string{*in.IfMatch}
	}
	resp, err := w.do(ctx, &request{method: http.MethodGet, key: *in.Key, header: h}) //nolint:bodyclose // The caller does.
	if err != nil {
		return nil, err
	}
	out := &awss3.GetObjectOutput{
		Body: resp.Body, ContentLength: aws.Int64(resp.ContentLength), ETag: headerValue(resp.Header, "Etag"),
		ContentRange:            headerValue(resp.Header, "Content-Range"),
		WebsiteRedirectLocation: headerValue(resp.Header, "X-Amz-Website-Redirect-Location"),
		ServerSideEncryption:    sseHeader(resp.Header), Metadata: headerMeta(resp.Header),
		SSECustomerAlgorithm: headerValue(resp.Header, "X-Amz-Server-Side-Encryption-Customer-Algorithm"),
		LastModified:         headerTime(resp.Header, "Last-Modified"),
	}
	out.ResultMetadata.Set(answeredKey{}, aws.ToTime(headerTime(resp.Header, "Date")))
	return out, nil
}

func headerTime(h http.Header, name string) *time.Time {
	if t, err := http.ParseTime(h.Get(name)); err == nil {
		return &t
	}
	return nil
}

func headerValue(h http.Header, name string) *string {
	if v := h[name]; len(v) > 0 {
		return &v[0]
	}
	return nil
}

func sseHeader(h http.Header) types.ServerSideEncryption {
	return types.ServerSideEncryption(aws.ToString(headerValue(h, "X-Amz-Server-Side-Encryption")))
}

// headerMeta is the user metadata in h, its names in lower case.
func headerMeta(h http.Header) map[string]string {
	m := make(map[string]string, 4)
	for name, values := range h {
		if rest, ok := strings.CutPrefix(name, metaHeader); ok && len(values) > 0 {
			m[strings.ToLower(rest)] = values[0]
		}
	}
	return m
}
