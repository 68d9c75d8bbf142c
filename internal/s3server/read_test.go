package s3server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestReadConditions(t *testing.T) {
	past, future := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"If-Match", etagOf("content"), 200}, {"If-Match", "*", 200}, {"If-Match", `"x", ` + etagOf("content"), 200}, {"If-Match", etagOf("x"), 412},
		{"If-None-Match", etagOf("content"), 304}, {"If-None-Match", etagOf("x"), 200}, {"If-None-Match", "*", 304},
		{"If-Modified-Since", past, 200}, {"If-Modified-Since", future, 304},
		{"If-Unmodified-Since", past, 412}, {"If-Unmodified-Since", future, 200},
	} {
		eachStore(t, func(f *fixture) {
			f.put("k", "content")
			for _, method := range []string{"GET", "HEAD"} {
				resp, body := f.raw(method, "/test/k", "", map[string]string{c.header: c.value})
				what := method + " " + c.header + ": " + c.value
				wantEqual(t, what, resp.StatusCode, c.want)
				if c.want == 304 {
					wantEqual(t, what, resp.Header.Get("ETag"), etagOf("content"))
				}
				if c.want == 412 && method == "GET" {
					wantEqual(t, what, xmlCode(t, body), "PreconditionFailed")
				}
				wantEqual(t, what+": content", body == "content", c.want == 200 && method == "GET")
			}
		})
	}
}

func TestRanges(t *testing.T) {
	for r, want := range map[string]string{
		"bytes=0-3": "0123", "bytes=2-": "23456789", "bytes=-3": "789", "bytes=8-100": "89", "bytes=0-0": "0", "bytes=10-": "InvalidRange",
	} {
		eachStore(t, func(f *fixture) {
			f.put("k", "0123456789")
			resp, body := f.raw("GET", "/test/k", "", map[string]string{"Range": r})
			if want == "InvalidRange" {
				wantEqual(t, r, resp.StatusCode, http.StatusRequestedRangeNotSatisfiable)
				wantEqual(t, r, xmlCode(t, body), want)
				return
			}
			wantEqual(t, r, resp.StatusCode, http.StatusPartialContent)
			wantEqual(t, r, body, want)
		})
	}
}

func TestEmptyObject(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("k", "")
		resp, body := f.raw("GET", "/test/k", "", nil)
		wantEqual(t, "status", resp.StatusCode, 200)
		wantEqual(t, "body", body, "")
		wantEqual(t, "ETag", resp.Header.Get("ETag"), etagOf(""))
		wantEqual(t, "length", resp.ContentLength, 0)
	})
}

func TestMissing(t *testing.T) {
	eachStore(t, func(f *fixture) {
		resp, body := f.raw("GET", "/test/none", "", nil)
		wantEqual(t, "GET", resp.StatusCode, 404)
		wantEqual(t, "GET", xmlCode(t, body), "NoSuchKey")
		if !strings.Contains(resp.Header.Get("Content-Type"), "xml") {
			t.Errorf("Content-Type: got %q, want XML", resp.Header.Get("Content-Type"))
		}
		resp, _ = f.raw("HEAD", "/test/none", "", nil)
		wantEqual(t, "HEAD", resp.StatusCode, 404)
	})
}
