package versitygw

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/internal/testkit/long"
)

// Credentials of every gateway, and the domain of its websites.
const (
	accessKey = "S3FCTEST"
	secretKey = "S3FCTESTSECRET"
	domain    = "localhost"
)

// A Gateway is a running versitygw that ends with its test. It is safe for
// concurrent use.
type Gateway struct {
	Endpoint   string // of S3, with path style; region us-east-1
	WebsiteURL string // of the websites; the Host header chooses the bucket
	AccessKey  string
	SecretKey  string

	client  *s3.Client
	buckets atomic.Int64
	output  *output
}

// output is the program's output, for when it does not come up.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// Start starts a gateway over a temporary directory and returns when it
// answers. It skips the test unless the longer tests run. Without the program it
// skips too, or fails where the test must run.
func Start(t testing.TB) *Gateway {
	t.Helper()
	long.Only(t)
	path, err := binary()
	if err != nil {
		missing(t, err)
	}
	var g *Gateway
	for range 3 { // a free port may be taken by the time that it is used
		if g, err = start(t, path); err == nil {
			return g
		}
	}
	t.Fatalf("versitygw does not come up: %v", err)
	return nil
}

// missing ends a test that cannot run.
func missing(t testing.TB, err error) {
	t.Helper()
	if mustRun() {
		t.Fatalf("no versitygw, and this test must run here: %v", err)
	}
	t.Skipf("NOT RUN: no versitygw: %v", err)
}

// mustRun reports whether not running is a failure here.
func mustRun() bool {
	if os.Getenv("CI") == "true" {
		return true
	}
	for name := range strings.SplitSeq(os.Getenv("S3FC_MUST_RUN"), ",") {
		if strings.TrimSpace(name) == "versitygw" {
			return true
		}
	}
	return false
}

func start(t testing.TB, path string) (*Gateway, error) {
	t.Helper()
	endpoint, website := freePort(t), freePort(t)
	g := &Gateway{Endpoint: "http://" + endpoint, WebsiteURL: "http://" + website, AccessKey: accessKey, SecretKey: secretKey, output: new(output)}
	cmd := exec.Command(path, "--port", endpoint, "--quiet", "--website", website, "--website-domain", domain, "posix", t.TempDir()) //nolint:gosec // The program that was found or installed.
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = g.output, g.output
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	g.client = newClient(g.Endpoint)
	return g, g.wait(t.Context(), ended)
}

// freePort returns a loopback address that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // Nothing was sent.
	return l.Addr().String()
}

func newClient(endpoint string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &endpoint, UsePathStyle: true, Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
		}),
	})
}

// startTimeout is how long the program may take to answer.
const startTimeout = 30 * time.Second

// wait returns when both ports answer.
func (g *Gateway) wait(ctx context.Context, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if g.answers(ctx) {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("it ended:\n%s", g.output)
		case <-ctx.Done():
			return fmt.Errorf("it did not answer in %s:\n%s", startTimeout, g.output)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// answers reports whether it is this gateway, with these credentials, that
// answers on one port, and anything on the other.
func (g *Gateway) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := g.client.ListBuckets(ctx, &s3.ListBucketsInput{}); err != nil {
		return false
	}
	resp, err := g.visit(ctx, http.MethodHead, "none", "/")
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

// Client returns a client of the AWS SDK.
func (g *Gateway) Client() *s3.Client { return g.client }

// Bucket makes a new bucket with website hosting on and readable by everyone,
// and returns its name.
func (g *Gateway) Bucket(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", g.buckets.Add(1))
	if _, err := g.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("versitygw: create bucket: %v", err)
	}
	_, err := g.client.PutBucketWebsite(t.Context(), &s3.PutBucketWebsiteInput{Bucket: &name, WebsiteConfiguration: &types.WebsiteConfiguration{
		IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")},
	}})
	if err != nil {
		t.Fatalf("versitygw: put bucket website: %v", err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::%s/*"]}]}`, name)
	if _, err := g.client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &name, Policy: &policy}); err != nil {
		t.Fatalf("versitygw: put bucket policy: %v", err)
	}
	return name
}

// Visit sends one request to the website of a bucket, as an anonymous visitor
// would, and follows nothing. The caller closes the answer's body.
func (g *Gateway) Visit(t testing.TB, method, bucket, path string) *http.Response {
	t.Helper()
	resp, err := g.visit(t.Context(), method, bucket, path)
	if err != nil {
		t.Fatalf("versitygw: %s %s: %v", method, path, err)
	}
	return resp
}

func (g *Gateway) visit(ctx context.Context, method, bucket, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, g.WebsiteURL+path, nil)
	if err != nil {
		return nil, err
	}
	req.Host = bucket + "." + domain
	return http.DefaultTransport.RoundTrip(req)
}
