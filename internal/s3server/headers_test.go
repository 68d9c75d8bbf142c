package s3server_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestOverwriteReplacesAllMetadata(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("k", "link", func(in *s3.PutObjectInput) {
			in.WebsiteRedirectLocation = aws.String("/target")
			in.CacheControl = aws.String("no-cache")
			in.Metadata = map[string]string{"link-target": "/target"}
		})
		wantEqual(t, "redirect", aws.ToString(f.head("k").WebsiteRedirectLocation), "/target")
		f.put("k", "file", func(in *s3.PutObjectInput) { in.Metadata = map[string]string{"md5": "x"} })
		h := f.head("k")
		wantEqual(t, "redirect after the overwrite", aws.ToString(h.WebsiteRedirectLocation), "")
		wantEqual(t, "Cache-Control after the overwrite", aws.ToString(h.CacheControl), "")
		if want := map[string]string{"md5": "x"}; !maps.Equal(h.Metadata, want) {
			t.Errorf("metadata after the overwrite: got %v, want %v", h.Metadata, want)
		}
	})
}

func TestSystemHeadersAreKept(t *testing.T) {
	want := map[string]string{
		"Cache-Control": "max-age=0, no-cache", "Content-Disposition": "inline", "Content-Encoding": "gzip",
		"Content-Language": "de", "Content-Type": "text/x-test", "Expires": "Thu, 01 Dec 1994 16:00:00 GMT",
		"X-Amz-Website-Redirect-Location": "https://example.com/a%20b?c",
	}
	eachStore(t, func(f *fixture) {
		sent := maps.Clone(want)
		sent["Content-Encoding"] = "aws-chunked,gzip"
		sent["X-Amz-Acl"], sent["X-Amz-Date"], sent["User-Agent"] = "private", "20260101T000000Z", "test"
		resp, body := f.raw("PUT", "/test/k", "x", sent)
		if resp.StatusCode != 200 {
			t.Fatalf("got %s %s", resp.Status, body)
		}
		for _, method := range []string{"GET", "HEAD"} {
			resp, _ := f.raw(method, "/test/k", "", nil)
			for name, v := range want {
				wantEqual(t, method+" "+name, resp.Header.Get(name), v)
			}
			for _, name := range []string{"X-Amz-Acl", "X-Amz-Date", "User-Agent", "X-Fakes3-Etag"} {
				wantEqual(t, method+" "+name, resp.Header.Get(name), "")
			}
		}
	})
}

func TestContentTypeHasADefault(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.raw("PUT", "/test/k", "x", nil)
		wantEqual(t, "Content-Type", aws.ToString(f.head("k").ContentType), "binary/octet-stream")
	})
}

func TestMetadataNamesAreLowerCase(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.raw("PUT", "/test/k", "x", map[string]string{"X-Amz-Meta-Link-Target": "v"})
		resp, _ := f.raw("HEAD", "/test/k", "", nil)
		// http.Header canonicalises the names that it reads, so only the raw answer tells;
		// that the SDK returns it in lower case is not the server's doing.
		wantEqual(t, "value", resp.Header.Get("X-Amz-Meta-Link-Target"), "v")
		raw := rawAnswer(t, f.URL, "HEAD /test/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if !strings.Contains(raw, "\r\nx-amz-meta-link-target: v\r\n") {
			t.Errorf("the name is not in lower case:\n%s", raw)
		}
	})
}

func TestRedirectIsValidated(t *testing.T) {
	for v, want := range map[string]string{
		"/k": "", "http://h/": "", "https://h/": "", "//host/x": "",
		"k": "InvalidRedirectLocation", "../k": "InvalidRedirectLocation", "ftp://h/": "InvalidRedirectLocation",
		"/" + strings.Repeat("a", 1900): "", "/" + strings.Repeat("a", 2048): "MetadataTooLarge",
	} {
		eachStore(t, func(f *fixture) {
			resp, body := f.raw("PUT", "/test/k", "", map[string]string{"X-Amz-Website-Redirect-Location": v})
			if want == "" {
				wantEqual(t, v, resp.StatusCode, 200)
				return
			}
			wantEqual(t, v, resp.StatusCode, 400)
			wantEqual(t, v, xmlCode(t, body), want)
			resp, _ = f.raw("HEAD", "/test/k", "", nil)
			wantEqual(t, "what was refused", resp.StatusCode, http.StatusNotFound)
		})
	}
}

func TestMetadataLimit(t *testing.T) {
	eachStore(t, func(f *fixture) {
		with := func(n int) func(*s3.PutObjectInput) {
			return func(in *s3.PutObjectInput) {
				in.Metadata = map[string]string{"abcd": strings.Repeat("v", n-len("abcd"))}
				in.WebsiteRedirectLocation = aws.String("/" + strings.Repeat("a", 1800)) // counts by itself
			}
		}
		_, err := f.tryPut("k", "x", with(2048))
		wantCode(t, "2,048 bytes", err, "")
		_, err = f.tryPut("k", "x", with(2049))
		wantCode(t, "2,049 bytes", err, "MetadataTooLarge")
	})
}

func TestKeyLimits(t *testing.T) {
	eachStore(t, func(f *fixture) {
		_, err := f.tryPut(strings.Repeat("ü", 512), "x")
		wantCode(t, "1,024 bytes", err, "")
		_, err = f.tryPut(strings.Repeat("ü", 512)+"x", "x")
		wantCode(t, "1,025 bytes", err, "KeyTooLongError")
		resp, _ := f.raw("PUT", "/test/%ff", "x", nil)
		wantEqual(t, "a key that is not UTF-8", resp.StatusCode, 400)
	})
}

func TestOddKeysAreOpaque(t *testing.T) {
	keys := []string{"a//b", "/lead", "a/../b", "../up", "a/./b", ".", "..", "dir/", "dir", "dir/x", "a+b c", "a%2Fb", "a\x01b", "ü", "u\u0308", "a?b#c", `a\b`, "a\nb"}
	eachStore(t, func(f *fixture) {
		for _, k := range keys {
			f.put(k, "content of "+k)
		}
		for _, k := range keys {
			got, _ := f.get(k)
			wantEqual(t, k, got, "content of "+k)
		}
		wantEqual(t, "number of keys", len(f.list("", "")), len(keys))
	})
}
