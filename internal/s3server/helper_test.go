package s3server_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/s3fc/s3fc/internal/filestore"
	"github.com/s3fc/s3fc/internal/s3server"
)

// A fixture is a server with a client of the AWS SDK.
type fixture struct {
	*testing.T
	*s3server.Server
	c *s3.Client
}

func newFixture(t *testing.T, opts ...s3server.Option) *fixture {
	t.Helper()
	s := s3server.New(t, opts...)
	return &fixture{t, s, newClient(s.URL)}
}

func newClient(url string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(url), UsePathStyle: true, Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK"}, nil
		}),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		Retryer:                    aws.NopRetryer{},
		HTTPClient:                 wholeAnswers{},
	})
}

// wholeAnswers is an HTTP client that reads each answer to its end. The SDK closes the
// body of its request as soon as an answer begins, and if it was not seen to end by
// then, net/http closes the connection, and with it the rest of the answer.
type wholeAnswers struct{}

func (wholeAnswers) Do(r *http.Request) (*http.Response, error) {
	client := http.Client{Transport: plain, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return resp, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	body := io.Reader(bytes.NewReader(content))
	if err != nil {
		body = io.MultiReader(body, iotest.ErrReader(err))
	}
	resp.Body = io.NopCloser(body)
	return resp, nil
}

// eachStore runs a test over s3mem and over filestore.
func eachStore(t *testing.T, f func(*fixture)) {
	t.Run("s3mem", func(t *testing.T) { f(newFixture(t)) })
	t.Run("filestore", func(t *testing.T) { f(newFixture(t, s3server.Over(openStore(t)))) })
}

func openStore(t *testing.T) *filestore.Store {
	t.Helper()
	st, err := filestore.Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func (f *fixture) put(key, body string, change ...func(*s3.PutObjectInput)) *s3.PutObjectOutput {
	f.Helper()
	out, err := f.tryPut(key, body, change...)
	if err != nil {
		f.Fatalf("put %q: %v", key, err)
	}
	return out
}

func (f *fixture) tryPut(key, body string, change ...func(*s3.PutObjectInput)) (*s3.PutObjectOutput, error) {
	in := &s3.PutObjectInput{Bucket: &f.Bucket, Key: &key, Body: strings.NewReader(body)}
	for _, c := range change {
		c(in)
	}
	return f.c.PutObject(f.Context(), in)
}

func (f *fixture) head(key string) *s3.HeadObjectOutput {
	f.Helper()
	out, err := f.c.HeadObject(f.Context(), &s3.HeadObjectInput{Bucket: &f.Bucket, Key: &key})
	if err != nil {
		f.Fatalf("head %q: %v", key, err)
	}
	return out
}

// get returns the content at key, and false if there is none.
func (f *fixture) get(key string) (string, bool) {
	f.Helper()
	out, err := f.c.GetObject(f.Context(), &s3.GetObjectInput{Bucket: &f.Bucket, Key: &key})
	if code(err) == "NoSuchKey" {
		return "", false
	}
	if err != nil {
		f.Fatalf("get %q: %v", key, err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		f.Fatalf("get %q: %v", key, err)
	}
	return string(b), true
}

// code is the S3 code of an error, "" for nil.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

func wantCode(t testing.TB, what string, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%s: got code %q, want %q (%v)", what, got, want, err)
	}
}

func wantEqual[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// plain does not inflate answers.
var plain = &http.Transport{DisableCompression: true}

// An answer is an answer without its body.
type answer struct {
	StatusCode    int
	Status        string
	Header        http.Header
	ContentLength int64
}

// raw sends an unsigned request and returns the answer and its body.
func (f *fixture) raw(method, path, body string, header map[string]string) (answer, string) {
	f.Helper()
	var pairs []string
	for k, v := range header {
		pairs = append(pairs, k, v)
	}
	resp, got, err := f.try(method, path, body, pairs...)
	if err != nil {
		f.Fatal(err)
	}
	return resp, got
}

// tryAt is raw at an endpoint, with headers name after name with its value.
func (f *fixture) tryAt(url, method, path, body string, header ...string) (answer, string, error) {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return roundTrip(req)
}

func (f *fixture) do(req *http.Request) (answer, string) {
	f.Helper()
	resp, body, err := roundTrip(req)
	if err != nil {
		f.Fatal(err)
	}
	return resp, body
}

func roundTrip(req *http.Request) (answer, string, error) {
	resp, err := plain.RoundTrip(req)
	if err != nil {
		return answer{}, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Status, resp.Header, resp.ContentLength}, string(b), err
}

// xmlCode is the code in an XML error.
func xmlCode(t testing.TB, body string) string {
	t.Helper()
	var e struct{ Code string }
	if err := xml.Unmarshal([]byte(body), &e); err != nil {
		t.Errorf("an answer that is not XML: %v\n%s", err, body)
	}
	return e.Code
}
