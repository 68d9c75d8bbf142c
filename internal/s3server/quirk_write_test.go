package s3server_test

import (
	"crypto/md5" //nolint:gosec // S3's ETag.
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const k = "/test/k"

var writeQuirks = map[string]func(*fixture){
	"bare If-Match": func(f *fixture) {
		f.want("create", "PUT", k, "one", 200)
		f.want("quoted", "PUT", k, "two", 412, "If-Match", etagOf("one"))
		f.want("bare and wrong", "PUT", k, "two", 412, "If-Match", bare("two"))
		f.want("bare", "PUT", k, "two", 200, "If-Match", bare("one"))
		f.want("nothing there", "PUT", "/test/none", "x", 412, "If-Match", bare("x"))
		f.want("If-None-Match", "PUT", k, "x", 412, "If-None-Match", "*")
		f.want("quoted, to complete", "POST", k+"?uploadId="+f.upload(k, "x"), f.parts("x"), 412, "If-Match", etagOf("two"))
		f.want("bare, to complete", "POST", k+"?uploadId="+f.upload(k, "x"), f.parts("x"), 200, "If-Match", bare("two"))
	},
	"conditions on deletes ignored": func(f *fixture) {
		f.want("create", "PUT", k, "one", 200)
		f.want("a write", "PUT", k, "two", 412, "If-Match", etagOf("other"))
		f.want("a delete", "DELETE", k, "", 204, "If-Match", etagOf("other"))
		f.want("after it", "HEAD", k, "", 404)
		f.want("again", "PUT", k, "one", 200)
		f.deleteBatch(200, etagOf("other"), "k")
		f.want("after the batch", "HEAD", k, "", 404)
	},
	"conditions on copy sources ignored": func(f *fixture) {
		f.want("create", "PUT", k, "one", 200)
		f.want("copy", "PUT", "/test/copy", "", 200, "X-Amz-Copy-Source", k, "X-Amz-Copy-Source-If-Match", etagOf("other"))
		wantEqual(f.T, "copied", f.content("/test/copy"), "one")
	},
	"no conditions": func(f *fixture) {
		f.wantError("create", 501, "NotImplemented", "PUT", k, "one", "If-None-Match", "*")
		f.want("create", "PUT", k, "one", 200)
		f.wantError("replace", 501, "NotImplemented", "PUT", k, "two", "If-Match", etagOf("one"))
		f.wantError("delete", 501, "NotImplemented", "DELETE", k, "", "If-Match", etagOf("one"))
		f.deleteBatch(501, etagOf("one"), "k")
		wantEqual(f.T, "left", f.content(k), "one")
	},
	"conditions ignored": func(f *fixture) {
		f.want("create", "PUT", k, "one", 200)
		f.want("create again", "PUT", k, "two", 200, "If-None-Match", "*")
		f.want("replace", "PUT", k, "three", 200, "If-Match", etagOf("other"))
		f.deleteBatch(200, etagOf("other"), "k")
		f.want("after the batch", "HEAD", k, "", 404)
	},
	"no ETags in batches": func(f *fixture) {
		f.want("create", "PUT", k, "one", 200)
		f.deleteBatch(501, etagOf("one"), "k")
		f.want("single", "DELETE", k, "", 412, "If-Match", etagOf("other"))
		f.deleteBatch(200, "", "k")
		f.want("after the batch", "HEAD", k, "", 404)
	},
	"no ETag from Complete": func(f *fixture) {
		_, body := f.want("complete", "POST", k+"?uploadId="+f.upload(k, "x"), f.parts("x"), 200)
		for _, part := range []string{"<Bucket>test</Bucket>", "<Key>k</Key>", "<ETag></ETag>"} {
			if !strings.Contains(body, part) {
				f.Errorf("complete: got %s, want %s in it", body, part)
			}
		}
		resp, _ := f.want("HEAD", "HEAD", k, "", 200)
		if !strings.HasSuffix(resp.Header.Get("ETag"), `-1"`) {
			f.Errorf("ETag %s, want one of an upload in parts", resp.Header.Get("ETag"))
		}
	},
	"no ETags": func(f *fixture) {
		f.want("create", "PUT", k, "one", 200)
		for _, method := range []string{"PUT", "GET", "HEAD"} {
			resp, _ := f.want(method, method, k, "one", 200)
			if etag, ok := resp.Header["Etag"]; ok {
				f.Errorf("%s: got ETag %q, want none", method, etag)
			}
		}
		if page := f.page(""); strings.Contains(page, "ETag") || !strings.Contains(page, "<Key>k</Key>") {
			f.Errorf("listing: got %s, want the key and no ETag", page)
		}
		f.want("replace", "PUT", k, "two", 412, "If-Match", etagOf("one"))
	},
	"ETags that are no md5": func(f *fixture) { f.opaque("") },
	"ETags of parts that are no md5s": func(f *fixture) {
		f.want("create", "PUT", k, "content", 200)
		resp, _ := f.want("whole", "HEAD", k, "", 200)
		wantEqual(f.T, "ETag of a whole", resp.Header.Get("ETag"), etagOf("content"))
		f.want("complete", "POST", k+"?uploadId="+f.upload(k, "x"), f.parts("x"), 200)
		resp, _ = f.want("parts", "HEAD", k, "", 200)
		etag, sum := resp.Header.Get("ETag"), md5.Sum([]byte("x")) //nolint:gosec // S3's ETag.
		sum = md5.Sum(sum[:])                                      //nolint:gosec // As above.
		if !strings.HasSuffix(etag, `-1"`) || strings.Contains(etag, hex.EncodeToString(sum[:])) {
			f.Errorf("ETag %s, want one that is no hash of parts", etag)
		}
		f.want("a condition", "GET", k, "", 200, "If-Match", etag)
	},
	"KMS": func(f *fixture) { f.opaque("aws:kms") },
	"redirects dropped": func(f *fixture) {
		f.want("link", "PUT", k, "", 200, redirectHeader, "/x")
		resp, _ := f.want("HEAD", "HEAD", k, "", 200)
		wantEqual(f.T, "redirect", resp.Header.Get(redirectHeader), "")
	},
	"redirects refused": func(f *fixture) {
		f.wantError("link", 501, "NotImplemented", "PUT", k, "", redirectHeader, "/x")
		f.want("nothing stored", "HEAD", k, "", 404)
	},
	"metadata merged": func(f *fixture) {
		f.want("link", "PUT", k, "", 200, redirectHeader, "/x", "X-Amz-Meta-A", "1", "X-Amz-Meta-B", "1", "Cache-Control", "no-cache")
		f.want("file over it", "PUT", k, "file", 200, "X-Amz-Meta-B", "2")
		resp, body := f.want("GET", "GET", k, "", 200)
		wantEqual(f.T, "content", body, "file")
		wantEqual(f.T, "ETag", resp.Header.Get("ETag"), etagOf("file"))
		for name, want := range map[string]string{redirectHeader: "/x", "X-Amz-Meta-A": "1", "X-Amz-Meta-B": "2", "Cache-Control": "no-cache"} {
			wantEqual(f.T, name, resp.Header.Get(name), want)
		}
		f.want("complete", "POST", k+"?uploadId="+f.upload(k, "x"), f.parts("x"), 200)
		resp, _ = f.want("HEAD", "HEAD", k, "", 200)
		wantEqual(f.T, "redirect after an upload", resp.Header.Get(redirectHeader), "/x")
	},
	"redirects copied": func(f *fixture) {
		f.want("link", "PUT", k, "", 200, redirectHeader, "/x")
		for i, directive := range []string{"COPY", "REPLACE"} {
			path := fmt.Sprintf("/test/copy%d", i)
			f.want("copy", "PUT", path, "", 200, "X-Amz-Copy-Source", k, "X-Amz-Metadata-Directive", directive)
			resp, _ := f.want("HEAD", "HEAD", path, "", 200)
			wantEqual(f.T, directive, resp.Header.Get(redirectHeader), "/x")
		}
		f.want("copy", "PUT", "/test/own", "", 200, "X-Amz-Copy-Source", k, redirectHeader, "/y")
		resp, _ := f.want("HEAD", "HEAD", "/test/own", "", 200)
		wantEqual(f.T, "redirect of the request", resp.Header.Get(redirectHeader), "/y")
	},
	"reserved characters in copy sources": func(f *fixture) {
		for _, c := range "+#?&=;:@,$" {
			path := fmt.Sprintf("/test/a%%%02Xb", c)
			f.want("create", "PUT", path, "x", 200)
			f.wantError(string(c), 404, "NoSuchKey", "PUT", "/test/copy", "", "X-Amz-Copy-Source", path)
		}
		f.want("create", "PUT", "/test/a%20%C3%A9%25", "x", 200)
		f.want("other characters", "PUT", "/test/copy", "", 200, "X-Amz-Copy-Source", "/test/a%20%C3%A9%25")
	},
	"no CopyObject": func(f *fixture) {
		f.want("create", "PUT", k, "one", 200)
		f.wantError("copy", 501, "NotImplemented", "PUT", "/test/copy", "", "X-Amz-Copy-Source", k)
		f.wantError("part", 501, "NotImplemented", "PUT", "/test/copy?partNumber=1&uploadId="+f.upload("/test/copy"), "", "X-Amz-Copy-Source", k)
		f.want("after it", "HEAD", "/test/copy", "", 404)
	},
	"copy sources ignored": func(f *fixture) {
		f.want("create", "PUT", k, "one", 200)
		_, body := f.want("copy", "PUT", "/test/copy", "", 200, "X-Amz-Copy-Source", k)
		wantEqual(f.T, "answer", body, "")
		wantEqual(f.T, "copied", f.content("/test/copy"), "")
	},
	"Quiet ignored": func(f *fixture) {
		body := f.deleteBatch(200, "", "k")
		if !strings.Contains(body, "<Deleted><Key>k</Key></Deleted>") {
			f.Errorf("got %s, want the key", body)
		}
	},
	"no batch delete: Not Implemented":    func(f *fixture) { f.noBatch(501, "NotImplemented") },
	"no batch delete: Method Not Allowed": func(f *fixture) { f.noBatch(405, "MethodNotAllowed") },
	"no batch delete: Bad Request":        func(f *fixture) { f.noBatch(400, "InvalidArgument") },
	"conflicts": func(f *fixture) {
		for i := 1; i <= 10; i++ {
			path := fmt.Sprintf("/test/%d", i)
			if i%5 == 0 {
				f.wantError(path, 409, "ConditionalRequestConflict", "PUT", path, "x", "If-None-Match", "*")
				continue
			}
			f.want(path, "PUT", path, "x", 200, "If-None-Match", "*")
		}
		for range 5 {
			f.want("without condition", "PUT", k, "x", 200)
		}
	},
}

// opaque checks that the ETags of an object are the same everywhere, no md5, and
// good for conditions.
func (f *fixture) opaque(encryption string) {
	f.Helper()
	var etags []string
	for _, method := range []string{"PUT", "GET", "HEAD"} {
		resp, _ := f.want(method, method, k, "content", 200)
		etags = append(etags, resp.Header.Get("ETag"))
		wantEqual(f.T, "encryption", resp.Header.Get("X-Amz-Server-Side-Encryption"), encryption)
	}
	if !strings.Contains(f.page(""), "<ETag>&#34;"+strings.Trim(etags[0], `"`)+"&#34;</ETag>") || etags[0] != etags[1] || etags[1] != etags[2] {
		f.Errorf("ETags %q are not the same, or not in the listing %s", etags, f.page(""))
	}
	if _, err := hex.DecodeString(strings.Trim(etags[0], `"`)); err != nil || len(etags[0]) != 34 || etags[0] == etagOf("content") {
		f.Errorf("ETag %s, want 32 hexadecimal digits that are not the md5", etags[0])
	}
	f.want("replace by the md5", "PUT", k, "new", 412, "If-Match", etagOf("content"))
	f.want("replace", "PUT", k, "new", 200, "If-Match", etags[0])
	resp, _ := f.want("HEAD", "HEAD", k, "", 200)
	f.want("delete by the old", "DELETE", k, "", 412, "If-Match", etags[0])
	f.want("delete", "DELETE", k, "", 204, "If-Match", resp.Header.Get("ETag"))
}

func (f *fixture) noBatch(status int, code string) {
	f.Helper()
	f.want("create", "PUT", k, "one", 200)
	if got := xmlCode(f.T, f.deleteBatch(status, "", "k")); got != code {
		f.Errorf("got code %s, want %s", got, code)
	}
	f.want("single", "DELETE", k, "", 204)
}

// TestPutWithoutETag checks that such an object has no ETag anywhere.
func TestPutWithoutETag(t *testing.T) {
	f := newFixture(t)
	f.PutWithoutETag("test", "k", "content")
	for _, method := range []string{"GET", "HEAD"} {
		resp, _ := f.want(method, method, k, "", 200)
		if etag, ok := resp.Header["Etag"]; ok || resp.ContentLength != 7 {
			t.Errorf("%s: ETag %q, %d bytes; want none, and 7", method, etag, resp.ContentLength)
		}
	}
	if page := f.page(""); strings.Contains(page, "ETag") || !strings.Contains(page, "<Key>k</Key>") {
		t.Errorf("listing: got %s, want the key and no ETag", page)
	}
	f.want("replace", "PUT", k, "new", 200)
	resp, _ := f.want("HEAD", "HEAD", k, "", 200)
	wantEqual(t, "ETag of what replaced it", resp.Header.Get("ETag"), etagOf("new"))
}

// bare is the ETag of content without quotes.
func bare(content string) string { return strings.Trim(etagOf(content), `"`) }

// content returns the content of the object at a path.
func (f *fixture) content(path string) string {
	f.Helper()
	_, body := f.want("GET "+path, "GET", path, "", 200)
	return body
}

// page returns a listing as it was sent.
func (f *fixture) page(query string) string {
	f.Helper()
	_, body := f.want("list", "GET", "/test?list-type=2"+query, "", 200)
	return body
}

// wantError sends a request and expects an S3 error.
func (f *fixture) wantError(what string, status int, code, method, path, body string, header ...string) {
	f.Helper()
	_, text := f.want(what, method, path, body, status, header...)
	wantEqual(f.T, what, xmlCode(f.T, text), code)
}

// upload begins an upload, with these parts, and returns its id.
func (f *fixture) upload(path string, parts ...string) string {
	f.Helper()
	_, body := f.want("begin", "POST", path+"?uploads", "", 200)
	var out struct{ UploadId string } //nolint:revive,staticcheck // The name in S3's XML.
	if err := xml.Unmarshal([]byte(body), &out); err != nil {
		f.Fatal(err)
	}
	for i, part := range parts {
		f.want("part", "PUT", fmt.Sprintf("%s?partNumber=%d&uploadId=%s", path, i+1, out.UploadId), part, 200)
	}
	return out.UploadId
}

// parts is the body that completes an upload of these parts.
func (f *fixture) parts(parts ...string) string {
	var b strings.Builder
	for i, part := range parts {
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, etagOf(part))
	}
	return "<CompleteMultipartUpload>" + b.String() + "</CompleteMultipartUpload>"
}

// deleteBatch deletes keys, each under the condition of this ETag if it is not
// empty, expects a status and returns the answer.
func (f *fixture) deleteBatch(status int, etag string, keys ...string) string {
	f.Helper()
	var b strings.Builder
	for _, key := range keys {
		fmt.Fprintf(&b, "<Object><Key>%s</Key>", key)
		if etag != "" {
			fmt.Fprintf(&b, "<ETag>%s</ETag>", etag)
		}
		b.WriteString("</Object>")
	}
	body := "<Delete><Quiet>true</Quiet>" + b.String() + "</Delete>"
	sum := md5.Sum([]byte(body)) //nolint:gosec // S3's header.
	_, got := f.want("batch", http.MethodPost, "/test?delete", body, status, "Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	return got
}
