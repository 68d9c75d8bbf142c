package wire

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/backends/s3/internal/transport"
)

// newSender returns a sender to the bucket b at an endpoint, with retries that do
// not wait.
func newSender(t testing.TB, endpoint string, change ...func(*Options, *awss3.Options)) *Sender {
	t.Helper()
	tr := transport.New(transport.Options{MaxBackoff: time.Millisecond})
	t.Cleanup(tr.Close)
	sdk := awss3.Options{
		Region: "us-east-1", UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", ""),
		BaseEndpoint: aws.String(endpoint), HTTPClient: tr.Client(),
	}
	o := Options{
		Bucket: "b", Transport: tr,
	}
	for _, f := range change {
		f(&o, &sdk)
	}
	if o.SDK.Region == "" {
		o.SDK = awss3.New(sdk).Options()
	}
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// received is a request as a server got it.
type received struct {
	Method, Path, Query, Body string
	Header                    http.Header
}

// recorder is a server that keeps requests and answers each with answer.
type recorder struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer http.HandlerFunc
}

func record(t testing.TB, answer http.HandlerFunc) *recorder {
	r := &recorder{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.got = append(r.got, received{req.Method, req.URL.EscapedPath(), req.URL.RawQuery, string(b), req.Header.Clone()})
		r.mu.Unlock()
		r.answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

// take returns the requests since the last call.
func (r *recorder) take() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// only returns the one request since the last call.
func (r *recorder) only(t testing.TB) received {
	t.Helper()
	got := r.take()
	if len(got) != 1 {
		t.Fatalf("%d requests; want 1", len(got))
	}
	return got[0]
}

// answers is a handler that answers with a document.
func answers(document string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"etag"`)
		_, _ = io.WriteString(w, document)
	}
}

func refuses(status int, code string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>m</Message></Error>")
	}
}

func withBody(t testing.TB, r *Request, body string) *Request {
	t.Helper()
	r, err := r.WithBody(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkSignature returns the fault of a request's signature: it signs once more,
// over the headers that the signature names.
func checkSignature(r *http.Request, host string) string {
	auth := r.Header.Get("Authorization")
	_, names, ok := strings.Cut(auth, "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	_, scope, _ := strings.Cut(auth, "Credential=")
	parts := strings.Split(scope, "/")
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if !ok || err != nil || len(parts) < 4 {
		return "not signed: " + auth
	}
	again := (&http.Request{Method: r.Method, URL: r.URL, Host: host, Header: http.Header{}}).WithContext(context.Background())
	u := *r.URL
	u.Host, u.Scheme = host, "http"
	again.URL = &u
	for name := range strings.SplitSeq(names, ";") {
		if v := r.Header.Values(name); len(v) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = v
		} else if name != "host" {
			return "the signed header " + name + " did not arrive"
		}
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") && !strings.Contains(";"+names+";", ";"+strings.ToLower(name)+";") {
			return "S3 refuses a request whose signature does not cover " + name
		}
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	creds := aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK", SessionToken: r.Header.Get("X-Amz-Security-Token")}
	if err := signer.SignHTTP(r.Context(), creds, again, r.Header.Get(contentSHA256), parts[3], parts[2], at); err != nil {
		return err.Error()
	}
	if want := again.Header.Get("Authorization"); want != auth {
		return "got  " + auth + "\nwant " + want
	}
	return ""
}
