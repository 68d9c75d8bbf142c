package s3

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
)

// pageQuery asks for a page: of the keys behind after, or with a token of those
// behind the page that gave it.
type pageQuery struct {
	after, token string
	// level, if not nil, asks for what lies in that directory of the bucket
	// instead of all keys of the tree: its objects, and the names below it.
	level *string
}

// parameters returns the parameters of S3 that ask for it, under prefix unless
// it has its own.
func (q pageQuery) parameters(prefix string) (in awss3.ListObjectsV2Input) {
	in.Prefix, in.StartAfter, in.ContinuationToken = given(prefix), given(q.after), given(q.token)
	if q.level != nil {
		in.Prefix, in.Delimiter = given(*q.level), given("/")
	}
	return in
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// askPage gets one page: over the wire where that can be, else through the SDK.
func (t *Tree) askPage(ctx context.Context, q pageQuery) (listPage, error) {
	if t.wire.usable() {
		p, err := t.wire.list(ctx, t.prefix, q)
		if err == nil || !t.wire.clocks(err) {
			return p, err
		}
	}
	in := q.parameters(t.prefix)
	in.Bucket, in.EncodingType = &t.bucketName, types.EncodingTypeUrl
	out, err := t.client.ListObjectsV2(ctx, &in)
	if err != nil {
		return listPage{}, err
	}
	return sdkPage(out), isListing(out)
}

func sdkPage(out *awss3.ListObjectsV2Output) listPage {
	p := listPage{
		encoded:   out.EncodingType == types.EncodingTypeUrl,
		truncated: aws.ToBool(out.IsTruncated), next: aws.ToString(out.NextContinuationToken),
	}
	for _, o := range out.Contents {
		p.objects = append(p.objects, pageObject{aws.ToString(o.Key), aws.ToString(o.ETag), aws.ToInt64(o.Size), format.WholeSeconds(o.LastModified)})
	}
	for _, n := range out.CommonPrefixes {
		p.names = append(p.names, aws.ToString(n.Prefix))
	}
	return p
}

// answers are buffers for the answers of listings.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// list sends one LIST. An answer that breaks off, or is no listing, is asked
// for again, as other errors of the connection are.
func (w *wire) list(ctx context.Context, prefix string, q pageQuery) (listPage, error) {
	query := url.Values{"list-type": {"2"}, "encoding-type": {encodingURL}}
	in := q.parameters(prefix)
	for name, value := range map[string]*string{"prefix": in.Prefix, "delimiter": in.Delimiter, "start-after": in.StartAfter, "continuation-token": in.ContinuationToken} {
		if value != nil {
			query.Set(name, *value)
		}
	}
	r := &request{method: http.MethodGet, query: query.Encode(), header: http.Header{}}
	for try := 1; ; try++ {
		p, err := w.listOnce(ctx, r)
		if err == nil || !w.again(ctx, try, err) {
			return p, err
		}
	}
}

func (w *wire) listOnce(ctx context.Context, r *request) (listPage, error) {
	resp, err := w.once(ctx, r)
	if err != nil {
		return listPage{}, err
	}
	buf := answers.Get().(*bytes.Buffer)
	defer answers.Put(buf)
	buf.Reset()
	_, err = buf.ReadFrom(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return listPage{}, &smithyhttp.RequestSendError{Err: err}
	}
	return parsePage(buf.Bytes())
}
