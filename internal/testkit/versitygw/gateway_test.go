package versitygw_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

func TestGateway(t *testing.T) {
	g := versitygw.Start(t)
	bucket, other := g.Bucket(t), g.Bucket(t)
	if bucket == other {
		t.Fatalf("two buckets of one name: %s", bucket)
	}
	for key, redirect := range map[string]string{"v1/index.html": "", "current": "/v1/"} {
		in := &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(key), Body: strings.NewReader("content")}
		if redirect != "" {
			in.WebsiteRedirectLocation = &redirect
		}
		if _, err := g.Client().PutObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	resp := g.Visit(t, http.MethodGet, bucket, "/current")
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if resp.StatusCode != http.StatusMovedPermanently || resp.Header.Get("Location") != "/v1/" {
		t.Errorf("the link: got %s to %q, want a 301 to /v1/", resp.Status, resp.Header.Get("Location"))
	}
	resp = g.Visit(t, http.MethodGet, bucket, resp.Header.Get("Location"))
	body, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || string(body) != "content" {
		t.Errorf("its end: got %s %q, %v, want the content", resp.Status, body, err)
	}
}
