package s3server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// zipped is content as gzip has it.
func zipped(content string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, content)
	_ = z.Close()
	return b.String()
}

func unzipped(f *fixture, b string) string {
	f.Helper()
	r, err := gzip.NewReader(strings.NewReader(b))
	if err != nil {
		f.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		f.Fatal(err)
	}
	return string(content)
}

// withoutLength checks that GET of an object and of a listing have their content
// and no length.
func withoutLength(f *fixture) {
	f.Helper()
	f.want("create", "PUT", k, "content", 200)
	for path, want := range map[string]string{k: "content", "/test?list-type=2": "<Key>k</Key>"} {
		resp, body := f.want("GET", "GET", path, "", 200)
		if resp.ContentLength != -1 || !strings.Contains(body, want) {
			f.Errorf("%s: %d bytes, %q; want no length, and %q", path, resp.ContentLength, body, want)
		}
	}
	resp, body := f.want("range", "GET", k, "", 206, "Range", "bytes=1-2")
	if resp.ContentLength != -1 || body != "on" || resp.Header.Get("Content-Range") != "bytes 1-2/7" {
		f.Errorf("range: %d bytes, %q, %q", resp.ContentLength, body, resp.Header.Get("Content-Range"))
	}
	resp, _ = f.want("HEAD", "HEAD", k, "", 200)
	wantEqual(f.T, "length of HEAD", resp.ContentLength, 7)
}

var readQuirks = map[string]func(*fixture){
	"no lengths: chunked": func(f *fixture) {
		withoutLength(f)
		if raw := rawAnswer(f.T, f.URL, "GET /test/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.Contains(raw, "Transfer-Encoding: chunked") {
			f.Errorf("got %s, want chunks", raw)
		}
	},
	"no lengths: until the connection closes": func(f *fixture) {
		withoutLength(f)
		raw := rawAnswer(f.T, f.URL, "GET /test/k HTTP/1.1\r\nHost: x\r\n\r\n")
		if !strings.HasSuffix(raw, "\r\n\r\ncontent") || strings.Contains(raw, "Transfer-Encoding") || strings.Contains(raw, "Content-Length") {
			f.Errorf("got %s, want the content up to the end", raw)
		}
	},
	"no lengths: HEAD": func(f *fixture) {
		f.want("create", "PUT", k, "content", 200)
		resp, _ := f.want("HEAD", "HEAD", k, "", 200)
		wantEqual(f.T, "length of HEAD", resp.ContentLength, -1)
		resp, _ = f.want("GET", "GET", k, "", 200)
		wantEqual(f.T, "length of GET", resp.ContentLength, 7)
	},
	"connection closed early": func(f *fixture) {
		f.want("create", "PUT", k, "contents", 200)
		for range 3 {
			resp, body, err := f.try("GET", k, "")
			if err != io.ErrUnexpectedEOF || body != "cont" || resp.ContentLength != 8 { //nolint:errorlint // As net/http returns it.
				f.Errorf("got %q of %d bytes, %v; want half of it and its end", body, resp.ContentLength, err)
			}
		}
		wantEqual(f.T, "then", f.content(k), "contents")
		f.want("list", "GET", "/test?list-type=2", "", 200)
	},
	"gzip inflated": func(f *fixture) {
		f.want("create", "PUT", k, zipped("content"), 200, "Content-Encoding", "gzip")
		f.want("create", "PUT", "/test/broken", "no gzip", 200, "Content-Encoding", "gzip")
		f.want("create", "PUT", "/test/plain", "plain", 200)
		for _, header := range [][]string{nil, {"Range", "bytes=1-2"}} {
			resp, body := f.want("GET", "GET", k, "", 200, header...)
			wantEqual(f.T, "content", body, "content")
			wantEqual(f.T, "length", resp.ContentLength, -1)
			wantEqual(f.T, "coding", resp.Header.Get("Content-Encoding"), "")
			wantEqual(f.T, "ETag", resp.Header.Get("ETag"), etagOf(zipped("content")))
		}
		resp, body := f.want("GET of what is stored", "GET", k, "", 200, "Accept-Encoding", "gzip")
		wantEqual(f.T, "coding", resp.Header.Get("Content-Encoding"), "gzip")
		wantEqual(f.T, "stored", body, zipped("content"))
		wantEqual(f.T, "what is no gzip", f.content("/test/broken"), "no gzip")
		wantEqual(f.T, "plain", f.content("/test/plain"), "plain")
	},
	"text compressed": func(f *fixture) {
		f.want("create", "PUT", k, "content", 200, "Content-Type", "text/plain")
		f.want("create", "PUT", "/test/bin", "binary", 200)
		wantEqual(f.T, "not asked for", f.content(k), "content")
		resp, body := f.want("GET", "GET", k, "", 200, "Accept-Encoding", "gzip")
		wantEqual(f.T, "coding", resp.Header.Get("Content-Encoding"), "gzip")
		wantEqual(f.T, "content", unzipped(f, body), "content")
		wantEqual(f.T, "ETag", resp.Header.Get("ETag"), "W/"+etagOf("content"))
		wantEqual(f.T, "length", resp.ContentLength, -1)
		_, body = f.want("GET", "GET", "/test/bin", "", 200, "Accept-Encoding", "gzip")
		wantEqual(f.T, "binary", body, "binary")
	},
	"ranges ignored": func(f *fixture) {
		f.want("create", "PUT", k, "content", 200)
		_, body := f.want("range", "GET", k, "", http.StatusOK, "Range", "bytes=1-2")
		wantEqual(f.T, "content", body, "content")
	},
	"ranges refused": func(f *fixture) {
		f.want("create", "PUT", k, "content", 200)
		f.wantError("range", 501, "NotImplemented", "GET", k, "", "Range", "bytes=1-2")
		wantEqual(f.T, "whole", f.content(k), "content")
	},
}
