package website

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

// objects are pages by key.
type objects map[string]object

type object struct {
	content, redirect, contentType, encoding string
	err                                      error
}

var modified = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Page implements [Pages].
func (m objects) Page(_ context.Context, key string, content bool) (*Page, error) {
	o, ok := m[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if o.err != nil {
		return nil, o.err
	}
	p := &Page{Header: http.Header{"Etag": {`"` + key + `"`}}, Modified: modified, Redirect: o.redirect, Size: int64(len(o.content))}
	if o.contentType != "" {
		p.Header.Set("Content-Type", o.contentType)
	}
	if o.encoding != "" {
		p.Header.Set("Content-Encoding", o.encoding)
	}
	if content {
		p.Content = io.NopCloser(io.MultiReader(strings.NewReader(o.content))) // cannot seek
	}
	return p, nil
}

// A response is an answer with its body.
type response struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
	body          string
}

// ask sends a request, with headers name after name with its value.
func ask(site *Site, method, path string, header ...string) response {
	r := httptest.NewRequest(method, "http://site.example"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	length, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	return response{w.Code, w.Header(), length, w.Body.String()}
}

func ptr(s string) *string { return &s }

// TestAnswers is the table of S3's answers: each path with the status, the
// Location and the content.
func TestAnswers(t *testing.T) {
	site := &Site{
		Config: core.Website{Index: "index.html", Error: "error.html", Rules: []core.WebsiteRule{
			{KeyPrefix: "old/", NewPrefix: ptr("new/")},
			{KeyPrefix: "old", NewKey: ptr("never reached for old/")},
			{KeyPrefix: "cut/", NewPrefix: ptr(""), Code: 302},
			{KeyPrefix: "away/", Scheme: "https", Host: "example.com"},
			{KeyPrefix: "lost/", Status: 404, NewKey: ptr("sorry?")},
			{KeyPrefix: "secret/", Status: 403, NewKey: ptr("login")},
		}},
		Pages: objects{
			"index.html": {content: "home"}, "error.html": {content: "oops"}, "dir/index.html": {content: "dir"}, "both": {content: "file"}, "both/index.html": {content: "below"},
			"link": {redirect: "/dir/"}, "odd": {redirect: "/a%2Fb%20c"}, "url": {redirect: "https://example.com/?q#f"}, "linked-index/index.html": {redirect: "/dir/"},
			"slash/": {redirect: "/never"}, "a b+c": {content: "special"}, "%41": {content: "percent"}, "é": {content: "accent"}, "lost/here": {content: "here"},
			"secret/x": {err: fs.ErrPermission}, "closed": {err: fs.ErrPermission}, "broken": {err: io.ErrUnexpectedEOF}, "spent": {err: core.ErrBudget}, "old/x": {content: "hidden by the rule"},
		},
	}
	for _, c := range []struct {
		path     string
		status   int
		location string
		body     string
	}{
		{"/", 200, "", "home"},
		{"/?x=1", 200, "", "home"},
		{"/index.html", 200, "", "home"},
		{"/dir/", 200, "", "dir"},
		{"/dir", 302, "/dir/", ""},
		{"/both", 200, "", "file"},
		{"/both/", 200, "", "below"},
		{"/link", 301, "/dir/", ""},
		{"/link/", 404, "", "oops"},
		{"/link/page", 404, "", "oops"},
		{"/odd", 301, "/a%2Fb%20c", ""},
		{"/url", 301, "https://example.com/?q#f", ""},
		{"/linked-index/", 301, "/dir/", ""},
		{"/linked-index", 302, "/linked-index/", ""},
		{"/slash/", 404, "", "oops"},
		{"/a%20b%2Bc", 200, "", "special"},
		{"/a+b%2Bc", 200, "", "special"},
		{"/%2541", 200, "", "percent"},
		{"/%C3%A9", 200, "", "accent"},
		{"//dir/", 404, "", "oops"},
		{"/old/x", 301, "http://site.example/new/x", ""},
		{"/old/x?q=1", 301, "http://site.example/new/x?q=1", ""},
		{"/cut/a/b", 302, "http://site.example/a/b", ""},
		{"/away/x", 301, "https://example.com/away/x", ""},
		{"/lost/here", 200, "", "here"},
		{"/lost/x", 301, "http://site.example/sorry%3F", ""},
		{"/secret/x", 301, "http://site.example/login", ""},
		{"/closed", 403, "", "oops"},
		{"/none", 404, "", "oops"},
		{"/broken", 500, "", ""},
		{"/spent", 503, "", ""},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			resp := ask(site, method, c.path)
			body := resp.body
			if resp.StatusCode != c.status || resp.Header.Get("Location") != c.location {
				t.Errorf("%s %s: %d to %q; want %d to %q", method, c.path, resp.StatusCode, resp.Header.Get("Location"), c.status, c.location)
			}
			if want := c.body; c.status < 500 && method == "GET" && body != want || method == "HEAD" && body != "" {
				t.Errorf("%s %s: %q; want %q", method, c.path, body, want)
			}
			if want := c.body; c.status == 200 && resp.ContentLength != int64(len(want)) {
				t.Errorf("%s %s: length %d; want %d", method, c.path, resp.ContentLength, len(want))
			}
		}
	}
}

func TestErrors(t *testing.T) {
	pages := objects{"link": {redirect: "/x"}, "closed": {err: fs.ErrPermission}}
	site := &Site{Config: core.Website{Index: "index.html"}, Pages: pages}
	resp := ask(site, "GET", "/%3Cscript%3E")
	body := resp.body
	if resp.StatusCode != 404 || !strings.Contains(body, "<li>Key: &lt;script&gt;</li>") || strings.Contains(body, "<script>") || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v %s; want a 404 that escapes the key and loads nothing", resp.StatusCode, resp.Header, body)
	}
	site.Config.Error = "none.html"
	if body := ask(site, "GET", "/x").body; !strings.Contains(body, "Custom Error Document") || !strings.Contains(body, "<li>Key: none.html</li>") {
		t.Errorf("%s; want both errors", body)
	}
	site.Config.Error = "link"
	if resp := ask(site, "GET", "/x"); resp.StatusCode != 301 || resp.Header.Get("Location") != "/x" {
		t.Errorf("%d to %q; want the redirect of the document for errors", resp.StatusCode, resp.Header.Get("Location"))
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if resp := ask(site, method, "/link"); resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d; want 405", method, resp.StatusCode)
		}
	}
	site.Config.RedirectAll = "https://example.com"
	if resp := ask(site, "GET", "/a%20b?q"); resp.StatusCode != 301 || resp.Header.Get("Location") != "https://example.com/a%20b?q" {
		t.Errorf("%d to %q; want the other site", resp.StatusCode, resp.Header.Get("Location"))
	}
}

// TestPartsAndConditions checks the answers to requests for parts of a page, and
// for one that has changed.
func TestPartsAndConditions(t *testing.T) {
	site := &Site{Config: core.Website{Index: "index.html", Error: "page"}, Pages: objects{
		"page": {content: "0123456789", contentType: "text/plain"}, "gz": {content: "0123456789", encoding: "gzip"}, "plain": {content: "<html>"},
	}}
	for _, c := range []struct {
		path, name, value string
		status            int
		body              string
	}{
		{"/page", "Range", "bytes=2-4", 206, "234"},
		{"/page", "Range", "bytes=7-", 206, "789"},
		{"/page", "Range", "bytes=-2", 206, "89"},
		{"/page", "Range", "bytes=0-1,4-5", 200, "0123456789"},
		{"/page", "Range", "bytes=20-", 416, "invalid range: failed to overlap\n"},
		{"/page", "If-None-Match", `"page"`, 304, ""},
		{"/page", "If-None-Match", `"other"`, 200, "0123456789"},
		{"/page", "If-Match", `"other"`, 412, ""},
		{"/page", "If-Modified-Since", modified.Format(http.TimeFormat), 304, ""},
		{"/page", "If-Unmodified-Since", modified.Add(-time.Hour).Format(http.TimeFormat), 412, ""},
		{"/none", "Range", "bytes=2-4", 404, "0123456789"},
		{"/gz", "Range", "bytes=2-4", 206, "234"},
		{"/gz", "Accept", "*/*", 200, "0123456789"},
	} {
		resp := ask(site, "GET", c.path, c.name, c.value)
		if body := resp.body; resp.StatusCode != c.status || body != c.body {
			t.Errorf("%s with %s %s: %d %q; want %d %q", c.path, c.name, c.value, resp.StatusCode, body, c.status, c.body)
		}
	}
	if resp := ask(site, "HEAD", "/gz"); resp.ContentLength != 10 || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("HEAD: %d bytes, %v; want 10", resp.ContentLength, resp.Header)
	}
	if got := ask(site, "GET", "/plain").Header.Get("Content-Type"); got != "binary/octet-stream" {
		t.Errorf("Content-Type %q; want S3's for a page without one", got)
	}
}
