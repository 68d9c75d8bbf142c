package website_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/servers"
	"github.com/s3fc/s3fc/internal/website"
)

// A doc is an object of the compared site.
type doc struct{ content, mediaType, redirect string }

// docs are the objects of the site that real servers and this package serve side
// by side. File systems can hold them, too.
var docs = map[string]doc{
	"index.html": {content: "<p>home", mediaType: "text/html"}, "error.html": {content: "<p>oops", mediaType: "text/html"},
	"dir/index.html": {content: "<p>dir", mediaType: "text/html"}, "dir/page": {content: "0123456789", mediaType: "text/plain"},
	"link": {redirect: "/dir/"}, "odd": {redirect: "/a%2Fb%20c"}, "url": {redirect: "https://example.com/?q#f"}, "filled": {content: "<p>a page", mediaType: "text/html", redirect: "/dir/page"},
	"linked/index.html": {redirect: "/dir/"}, "a b+c": {content: "special", mediaType: "text/plain"}, "é": {content: "accent", mediaType: "text/plain"},
	"lost/here": {content: "here", mediaType: "text/plain"}, "v2/page": {content: "v2", mediaType: "text/plain"},
}

// page returns an object of the site.
func page(_ context.Context, key string, content bool) (*website.Page, error) {
	d, ok := docs[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	p := &website.Page{Header: http.Header{"Content-Type": {d.mediaType}}, Redirect: d.redirect, Size: int64(len(d.content))}
	if content {
		p.Content = io.NopCloser(strings.NewReader(d.content))
	}
	return p, nil
}

// pages is a [website.Pages] by one function.
type pages func(context.Context, string, bool) (*website.Page, error)

func (f pages) Page(ctx context.Context, key string, content bool) (*website.Page, error) {
	return f(ctx, key, content)
}

// requests are the requests that are compared: a path, or a method and a path,
// then headers with their values.
var requests = [][]string{
	{"/"}, {"/index.html"}, {"/?x=1"}, {"/dir/"}, {"/dir"}, {"/dir/page"}, {"/link"}, {"/link/"}, {"/link/page"}, {"/odd"}, {"/url"}, {"/filled"}, {"/linked/"}, {"/linked"},
	{"/a%20b%2Bc"}, {"/a+b%2Bc"}, {"/%C3%A9"}, {"/none"}, {"/none/"}, {"/dir/none"}, {"/old/page"}, {"/old/page?q=1"}, {"/lost/x"}, {"/lost/here"}, {"//dir/"},
	{"HEAD /"}, {"HEAD /link"}, {"HEAD /dir"}, {"HEAD /none"}, {"POST /"}, {"PUT /new"}, {"DELETE /index.html"},
	{"/dir/page", "Range", "bytes=2-4"}, {"/dir/page", "Range", "bytes=-2"}, {"/dir/page", "Range", "bytes=20-"}, {"/dir/page", "Range", "bytes=0-1,4-5"},
}

// site is the site, as this package serves it.
var site = &website.Site{Pages: pages(page), Config: core.Website{Index: "index.html", Error: "error.html", Rules: []core.WebsiteRule{
	{KeyPrefix: "old/", NewPrefix: aws.String("v2/"), Code: 302},
	{KeyPrefix: "lost/", Status: 404, NewKey: aws.String("dir/page")},
}}}

// differences are other answers of real servers, by server and request. A server
// that is not named here has no website endpoint.
var differences = map[string]map[string]string{
	"versitygw": {
		// It knows no directories without their slash.
		"/dir": `404 text/html "<p>oops"`, "/linked": `404 text/html "<p>oops"`, "HEAD /dir": "404",
		// A plus sign is one. AWS takes it for a space in every path.
		"/a+b%2Bc": `404 text/html "<p>oops"`,
		// Its keys are paths.
		"//dir/": `200 text/html "<p>dir"`,
		// Its websites know no ranges.
		"/dir/page Range bytes=2-4": `200 text/plain "0123456789"`, "/dir/page Range bytes=-2": `200 text/plain "0123456789"`, "/dir/page Range bytes=20-": `200 text/plain "0123456789"`,
	},
	"ceph": {
		// It shows the index document of a directory without its slash, where
		// relative links of that are wrong.
		"/dir": `200 text/html "<p>dir"`, "/linked": "301 to /dir/", "HEAD /dir": `200 text/html ""`,
		"/a+b%2Bc": `404 text/html "<p>oops"`, // as above
		// Rules lose the query.
		"/old/page?q=1": "302 to /v2/page",
		// It sends the first of several ranges.
		"/dir/page Range bytes=0-1,4-5": `206 text/plain "01"`,
	},
	"s3rver": {
		"/a+b%2Bc": `404 text/html "<p>oops"`, "/old/page?q=1": "302 to /v2/page", // as above
		"//dir/": "404",
		// Its websites are its interface for programs, but for GET.
		"HEAD /link": `200 text/html ""`, "POST /": `200 text/html "<p>home"`, "PUT /new": `200 text/plain ""`, "DELETE /index.html": `204  ""`,
		// It takes bytes=-2 for the first three, no end for a missing page, and
		// several ranges for one that is all.
		"/dir/page Range bytes=-2": `206 text/plain "012"`, "/dir/page Range bytes=20-": `404 text/html "<p>oops"`, "/dir/page Range bytes=0-1,4-5": `206 text/plain "0123456789"`,
	},
}

// TestSideBySide sends the same requests to this package and to the website
// endpoints of real servers.
func TestSideBySide(t *testing.T) {
	if os.Getenv(servers.Variable) == "" {
		long.Only(t)
	}
	chosen, left, err := servers.Chosen()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range chosen {
		t.Run(name, func(t *testing.T) {
			known, ok := differences[name]
			if !ok {
				t.Skip("NOT RUN: it has no website endpoint")
			}
			compare(t, host(t, name), known)
		})
	}
	for _, name := range left {
		t.Run(name, func(t *testing.T) { t.Skipf("NOT RUN: %s is not in $%s", name, servers.Variable) })
	}
}

// A hosted is a real server with the site in a bucket.
type hosted struct {
	*servers.Server
	bucket string
}

func host(t *testing.T, name string) hosted {
	t.Helper()
	h := hosted{Server: servers.Start(t, name)}
	h.bucket = h.Bucket(t)
	for key, d := range docs {
		in := &s3.PutObjectInput{Bucket: &h.bucket, Key: aws.String(key), Body: strings.NewReader(d.content), ContentType: &d.mediaType}
		if d.redirect != "" {
			in.WebsiteRedirectLocation = &d.redirect
		}
		if d.mediaType == "" {
			in.ContentType = nil
		}
		if _, err := h.Client().PutObject(t.Context(), in); err != nil {
			t.Fatalf("put %s: %v", key, err)
		}
	}
	h.open(t)
	return h
}

// open makes the bucket a website that everybody may read.
func (h hosted) open(t *testing.T) {
	t.Helper()
	_, err := h.Client().PutBucketWebsite(t.Context(), &s3.PutBucketWebsiteInput{Bucket: &h.bucket, WebsiteConfiguration: &types.WebsiteConfiguration{
		IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")}, ErrorDocument: &types.ErrorDocument{Key: aws.String("error.html")},
		RoutingRules: []types.RoutingRule{
			{Condition: &types.Condition{KeyPrefixEquals: aws.String("old/")}, Redirect: &types.Redirect{ReplaceKeyPrefixWith: aws.String("v2/"), HttpRedirectCode: aws.String("302")}},
			{Condition: &types.Condition{KeyPrefixEquals: aws.String("lost/"), HttpErrorCodeReturnedEquals: aws.String("404")}, Redirect: &types.Redirect{ReplaceKeyWith: aws.String("dir/page")}},
		},
	}})
	if err != nil {
		t.Fatalf("put bucket website: %v", err)
	}
	if h.Name == "s3rver" {
		return // has no policies, and needs none
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::%s/*"]},
		{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::%[1]s"]}]}`, h.bucket)
	if _, err := h.Client().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &h.bucket, Policy: &policy}); err != nil {
		t.Fatalf("put bucket policy: %v", err)
	}
}

// compare checks the answers to each other, but for the differences that are
// known.
func compare(t *testing.T, h hosted, known map[string]string) {
	met := make(map[string]bool)
	for _, r := range requests {
		name := strings.Join(r, " ")
		method, path, ok := strings.Cut(r[0], " ")
		if !ok {
			method, path = http.MethodGet, r[0]
		}
		want := ask(t, method, path, r[1:], func(req *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			site.ServeHTTP(w, req)
			return w.Result(), nil
		}, "http://site.example", "site.example")
		got := ask(t, method, path, r[1:], http.DefaultTransport.RoundTrip, h.Website, strings.ReplaceAll(h.WebsiteHost, "BUCKET", h.bucket))
		if got == want {
			continue
		}
		met[name] = true
		if expected, ok := known[name]; !ok || expected != got {
			t.Errorf("%s: %s answers %s, and this package %s", name, h.Name, got, want)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !met[name] {
			t.Errorf("%s: no difference to %s any more", name, h.Name)
		}
	}
}

// ask sends a request and describes the answer: its status, where it leads, and
// the type and the content of a page. The pages that servers make of errors are
// their own.
func ask(t *testing.T, method, path string, header []string, send func(*http.Request) (*http.Response, error), url, host string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	req.Host, req.Close = host, true // Ceph answers some requests twice
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := send(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Sprintf("%d, and breaks off: %v", resp.StatusCode, err)
	}
	said := fmt.Sprint(resp.StatusCode)
	if to := resp.Header.Get("Location"); to != "" {
		return said + " to " + strings.NewReplacer("http://"+host, "", "https://"+host, "").Replace(to)
	}
	if text := string(body); resp.StatusCode < 300 || text == docs["error.html"].content {
		said += fmt.Sprintf(" %s %q", strings.ReplaceAll(resp.Header.Get("Content-Type"), "; charset=utf-8", ""), text)
	}
	return said
}
