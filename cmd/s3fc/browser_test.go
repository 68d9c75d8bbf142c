package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/s3fc/s3fc/internal/testkit/browser"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// virtualHost serves a bucket of an S3 endpoint with the bucket in the host, as
// the links in a page need it, and returns its URL.
func virtualHost(t *testing.T, endpoint, bucket string) string {
	t.Helper()
	to, err := url.Parse(endpoint + "/" + bucket)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: log.New(io.Discard, "", 0), // a browser that leaves a page breaks off its requests
	})
	t.Cleanup(s.Close)
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + bucket + ".localhost:" + at.Port()
}

// follows opens a page and checks where the browser ends: the URL and the text.
func follows(t *testing.T, ctx context.Context, page, ends, text string) { //nolint:revive // The test comes first.
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(page))
	const look = "location.href + ' ' + (document.body ? document.body.innerText.trim() : '')"
	got, want := "", ends+" "+text
	for got != want && ctx.Err() == nil {
		var lookErr error
		if got, lookErr = chromedp.Run(ctx, chromedp.Evaluate[string](look)); lookErr != nil {
			err = lookErr // as a rule because the browser goes on to the next page
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got != want {
		t.Errorf("%s leads a browser to %q (%v); want %q", page, got, err, want)
	}
}

// TestABrowserFollowsThePageOfALink where there is no website endpoint: on the
// REST endpoint of two servers, one that keeps redirects and one that drops
// them.
func TestABrowserFollowsThePageOfALink(t *testing.T) {
	ctx := browser.Start(t)
	b := newBounds(t)
	b.write("v2/page.html", "<p>page of v2")
	b.write(`sp ace/"é"+%<x>&amp;.html`, "<p>odd")
	b.link("page.html", "v2/page.html")
	b.link("chain", "page.html")
	b.link("odd", `sp ace/"é"+%<x>&amp;.html`)
	b.link("v2/up", "../odd")
	const oddPath = "/sp%20ace/%22%C3%A9%22%2B%25%3Cx%3E%26amp%3B.html"
	ends := map[string][2]string{
		"page.html": {"/v2/page.html", "page of v2"}, "chain": {"/v2/page.html", "page of v2"}, "odd": {oddPath, "odd"}, "v2/up": {oddPath, "odd"},
	}
	visit := func(rest, prefix string) {
		for from, to := range ends {
			follows(t, ctx, rest+prefix+"/"+from, rest+prefix+to[0], to[1])
		}
	}
	t.Run("s3server", func(t *testing.T) {
		s3fc(t, "copy", b.dir, b.bucket()+"/my site")
		visit(virtualHost(t, b.server.URL, b.server.Bucket), "/my%20site")
	})
	t.Run("versitygw", func(t *testing.T) {
		g := versitygw.Start(t)
		bucket := g.Bucket(t)
		t.Setenv("AWS_ACCESS_KEY_ID", g.AccessKey)
		t.Setenv("AWS_SECRET_ACCESS_KEY", g.SecretKey)
		s3fc(t, "copy", b.dir, fmt.Sprintf("s3://%s/site?endpoint=%s&flat=false", bucket, g.Endpoint))
		visit(virtualHost(t, g.Endpoint, bucket), "/site")
	})
}

// TestALinkOfAnOddNameIsARedirectToItsBytes checks the website of a whole copy:
// links, chains and links to directories, under a prefix, of names with spaces
// and other characters.
func TestALinkOfAnOddNameIsARedirectToItsBytes(t *testing.T) {
	g := versitygw.Start(t)
	bucket := g.Bucket(t)
	b := newBounds(t)
	t.Setenv("AWS_ACCESS_KEY_ID", g.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", g.SecretKey)
	odd := "sp ace/é+%?#&.txt"
	b.write(odd, "odd")
	b.write("v 2/index.html", "index")
	for name, text := range map[string]string{
		"latest": "v 2", "stable": "latest", "deep/er/up": "../../stable", "odd": odd, "ünder/l ink": "../odd", "abs": b.dir + "/" + odd, "page": "latest/index.html",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(b.dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		b.link(name, text)
	}
	for _, prefix := range []string{"", "/my site/é"} {
		where := (&url.URL{Scheme: "s3", Host: bucket, Path: prefix, RawQuery: "flat=false&endpoint=" + g.Endpoint}).String()
		s3fc(t, "copy", "--delete=never", b.dir, where)
		for name, want := range map[string]string{
			"latest": "index", "stable": "index", "deep/er/up": "index", "odd": "odd", "ünder/l ink": "odd", "abs": "odd", "page": "index",
		} {
			path := (&url.URL{Path: prefix + "/" + name}).EscapedPath()
			resp := g.Visit(t, http.MethodHead, bucket, path)
			if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusMovedPermanently {
				t.Errorf("%s: %s, %v; want 301", path, resp.Status, err)
			}
			follow(t, g, bucket, path, want)
		}
	}
}
