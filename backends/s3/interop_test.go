package s3

import (
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/core"
)

// plainCDK opens the bucket as any program that uses Go CDK would.
func plainCDK(t *testing.T, tree *Tree) *blob.Bucket {
	t.Helper()
	b, err := s3blob.OpenBucket(t.Context(), tree.client, tree.bucketName, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// TestGoCDKReadsOurs checks that a program with plain Go CDK reads our objects:
// content, media type, md5 and metadata.
func TestGoCDKReadsOurs(t *testing.T) {
	tree, _ := serve(t, Options{Prefix: "site"})
	e := fileEntry("a b.txt", "hello")
	e.ModTime = time.Unix(1700000000, 0)
	put(t, tree, e, strings.NewReader("hello"), nil)
	putLink(t, tree, "l", "a b.txt")
	b := plainCDK(t, tree)
	content, err := b.ReadAll(t.Context(), "site/a b.txt")
	if err != nil || string(content) != "hello" {
		t.Fatalf("content = %q, %v", content, err)
	}
	attrs, err := b.Attributes(t.Context(), "site/a b.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := core.MD5Of([16]byte(attrs.MD5)); got != e.MD5 || attrs.Metadata["md5"] != e.MD5.String() || attrs.Metadata["mtime"] != "1700000000" {
		t.Errorf("attributes = %+v; want md5 %s and the mtime", attrs, e.MD5)
	}
	if !strings.HasPrefix(attrs.ContentType, "text/plain") {
		t.Errorf("Content-Type = %q", attrs.ContentType)
	}
	link, err := b.Attributes(t.Context(), "site/l")
	if err != nil {
		t.Fatal(err)
	}
	var out awss3.HeadObjectOutput
	if !link.As(&out) {
		t.Fatal("the attributes are not those of S3")
	}
	header(t, out.WebsiteRedirectLocation, "/site/a%20b.txt", "redirect")
	if page, err := b.ReadAll(t.Context(), "site/l"); err != nil || !strings.Contains(string(page), `href="/site/a%20b.txt"`) {
		t.Errorf("the page = %q, %v", page, err)
	}
}

// TestWeReadGoCDK checks that objects of a program with plain Go CDK are read.
func TestWeReadGoCDK(t *testing.T) {
	tree, _ := serve(t, Options{Prefix: "site"})
	b := plainCDK(t, tree)
	if err := b.WriteAll(t.Context(), "site/x", []byte("content"), &blob.WriterOptions{ContentType: "text/plain", Metadata: map[string]string{"md5": "stale"}}); err != nil {
		t.Fatal(err)
	}
	got, e := readAll(t, tree, "x")
	if got != "content" || e.MD5 != core.SumMD5([]byte("content")) {
		t.Errorf("Open = %q, %+v", got, e)
	}
}
