package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/auth"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/transport"
)

// wire sends what a run sends by the thousand, the GET and PUT of an object and
// the pages of a listing, over HTTP itself: the SDK takes several times the CPU
// that such a request needs. Where a request goes, who signs it and what is
// tried again are the SDK's: its endpoint rules, its signer, its retryer, and
// below all the same HTTP client, which counts, paces and watches. Its errors
// have the types of the SDK's. It is safe for concurrent use.
//
// It is only made for plain endpoints. What it cannot do, and what went wrong
// because the clocks differ, goes through the SDK.
type wire struct {
	client  *http.Client
	retryer aws.Retryer
	signer  *v4.Signer
	creds   aws.CredentialsProvider // nil: nothing is signed
	bucket  url.URL                 // ends without a slash
	region  string
	bare    bool // bodies are not covered by signatures
	off     atomic.Bool
}

// newWire returns the wire to a bucket, or nil if the bucket is not at a plain
// endpoint.
func newWire(ctx context.Context, o awss3.Options, client *http.Client, bucket string) *wire {
	at, err := o.EndpointResolverV2.ResolveEndpoint(ctx, awss3.EndpointParameters{
		Bucket: &bucket, Region: &o.Region, Endpoint: o.BaseEndpoint,
		UseFIPS:        aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack:   aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		ForcePathStyle: &o.UsePathStyle, Accelerate: &o.UseAccelerate,
		DisableMultiRegionAccessPoints: &o.DisableMultiRegionAccessPoints, UseArnRegion: &o.UseARNRegion,
	}.WithDefaults())
	if err != nil || len(at.Headers) > 0 || strings.HasPrefix(bucket, "arn:") ||
		o.RequestChecksumCalculation == aws.RequestChecksumCalculationWhenSupported {
		return nil
	}
	w := &wire{client: client, retryer: o.Retryer, bucket: at.URI, signer: v4.NewSigner(func(s *v4.SignerOptions) {
		s.DisableURIPathEscaping = true
	})}
	schemes, _ := auth.GetAuthOptions(&at.Properties)
	if len(schemes) != 1 || schemes[0].SchemeID != "sigv4" {
		return nil
	}
	service, _ := smithyhttp.GetSigV4SigningName(&schemes[0].SignerProperties)
	w.region, _ = smithyhttp.GetSigV4SigningRegion(&schemes[0].SignerProperties)
	if service != serviceName || w.region == "" {
		return nil
	}
	if o.EndpointOptions.DisableHTTPS && o.BaseEndpoint == nil {
		w.bucket.Scheme = "http"
	}
	w.bucket.Path = strings.TrimSuffix(w.bucket.Path, "/")
	w.bucket.RawPath = format.EscapePath(w.bucket.Path)
	w.bare = w.bucket.Scheme == "https"
	if !aws.IsCredentialsProvider(o.Credentials, (*aws.AnonymousCredentials)(nil)) {
		w.creds = o.Credentials
	}
	return w
}

const serviceName = "s3"

// usable reports whether there is a wire, and nothing went wrong on it that the
// SDK can do better.
func (w *wire) usable() bool { return w != nil && !w.off.Load() }

// request is what is to be sent, as often as need be.
type request struct {
	method string
	key    string // in the bucket, or empty for the bucket
	query  string // encoded, without the question mark
	header http.Header
	body   io.ReadSeeker // or nil; it is sent from where it is
	start  int64
	size   int64
	hash   string // of the body, as signatures have it
}

// do sends a request until it is answered well, or an error says that it will
// not be. The caller closes the answer's body.
func (w *wire) do(ctx context.Context, r *request) (*http.Response, error) {
	for try := 1; ; try++ {
		resp, err := w.once(ctx, r)
		if err == nil || !w.again(ctx, try, err) {
			return resp, err
		}
	}
}

// again waits, and reports whether it is worth another try.
func (w *wire) again(ctx context.Context, try int, err error) bool {
	if ctx.Err() != nil || try >= w.retryer.MaxAttempts() || !w.retryer.IsErrorRetryable(err) {
		return false
	}
	return transport.Pause(ctx, w.retryer, try, err)
}

func (w *wire) once(ctx context.Context, r *request) (*http.Response, error) {
	req, err := w.build(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := w.client.Do(req)
	if b, ok := req.Body.(*lentBody); ok {
		b.take()
	}
	switch {
	case err == nil && resp.StatusCode/100 == 2:
		return resp, nil
	case err == nil:
		return nil, answerError(resp)
	case ctx.Err() != nil:
		return nil, &smithy.CanceledError{Err: ctx.Err()}
	}
	return nil, &smithyhttp.RequestSendError{Err: err}
}

// build makes the HTTP request of one attempt, and signs it.
func (w *wire) build(ctx context.Context, r *request) (*http.Request, error) {
	u := w.bucket
	if r.key != "" || u.Path == "" {
		u.Path += "/" + r.key
		u.RawPath += "/" + format.EscapePath(r.key)
	}
	u.RawQuery = r.query
	req := (&http.Request{Method: r.method, URL: &u, Host: u.Host, Header: r.header.Clone(), ContentLength: r.size}).WithContext(ctx)
	req.Header["User-Agent"] = userAgent
	if r.body != nil && r.size > 0 {
		if _, err := r.body.Seek(r.start, io.SeekStart); err != nil {
			return nil, err
		}
		req.Body = &lentBody{r: r.body}
	}
	return req, w.sign(ctx, req, r.hash)
}

var userAgent = []string{"s3fc"}

func (w *wire) sign(ctx context.Context, req *http.Request, hash string) error {
	if w.creds == nil {
		return nil
	}
	creds, err := w.creds.Retrieve(ctx)
	if err != nil {
		return err
	}
	if hash == "" {
		hash = emptyHash
	}
	req.Header["X-Amz-Content-Sha256"] = []string{hash}
	return w.signer.SignHTTP(ctx, creds, req, hash, serviceName, w.region, time.Now())
}

const (
	emptyHash    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	unsignedHash = "UNSIGNED-PAYLOAD"
)

// lentBody is a body that is taken back as soon as the request is over: HTTP's
// own goroutine may still want to read it then, and its memory is used again.
type lentBody struct {
	mu sync.Mutex
	r  io.Reader // nil: taken back
}

// Read implements [io.Reader].
func (b *lentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.r == nil {
		return 0, errTaken
	}
	return b.r.Read(p)
}

var errTaken = errors.New("the request is over")

// Close implements [io.Closer].
func (b *lentBody) Close() error {
	b.take()
	return nil
}

func (b *lentBody) take() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.r = nil
}

// maxErrorBody is how much of the body of a refusal is read.
const maxErrorBody = 64 << 10

// answerError makes of a refusal what the SDK makes of it. Its body is read and
// closed.
func answerError(resp *http.Response) error {
	var e struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what there is of it is enough
	_ = resp.Body.Close()
	_ = xml.Unmarshal(b, &e) // a proxy's page has no code
	if e.Code == "" && len(b) == 0 {
		e.Message = http.StatusText(resp.StatusCode)
		e.Code = strings.ReplaceAll(e.Message, " ", "")
	}
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: resp},
		Err:      &smithy.GenericAPIError{Code: e.Code, Message: e.Message},
	}
}

// clocks reports whether err may come from a clock that is wrong, which the SDK
// finds out and corrects; from then on nothing goes over the wire.
func (w *wire) clocks(err error) bool {
	if code(err) != "RequestTimeTooSkewed" {
		return false
	}
	w.off.Store(true)
	return true
}

// drain reads what is left of a short body, so that its connection can be used
// again, and closes it.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxErrorBody)
	_ = body.Close()
}
