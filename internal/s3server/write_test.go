package s3server_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// rawAnswer sends bytes and returns all that comes back.
func rawAnswer(t testing.TB, url, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // All was read.
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func etagOf(content string) string { return fmt.Sprintf(`"%x"`, md5.Sum([]byte(content))) }

func TestPutConditions(t *testing.T) {
	match := func(v string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.IfMatch = aws.String(v) }
	}
	none := func(v string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String(v) }
	}
	for _, c := range []struct {
		name, key string
		change    []func(*s3.PutObjectInput)
		want      string
	}{
		{"If-None-Match: * on nothing", "new", []func(*s3.PutObjectInput){none("*")}, ""},
		{"If-None-Match: * on something", "old", []func(*s3.PutObjectInput){none("*")}, "PreconditionFailed"},
		{"If-Match right", "old", []func(*s3.PutObjectInput){match(etagOf("old"))}, ""},
		{"If-Match wrong", "old", []func(*s3.PutObjectInput){match(etagOf("other"))}, "PreconditionFailed"},
		{"If-Match on nothing", "new", []func(*s3.PutObjectInput){match(etagOf("old"))}, "NoSuchKey"},
		{"If-None-Match with an ETag", "old", []func(*s3.PutObjectInput){none(etagOf("other"))}, "NotImplemented"},
		{"both", "old", []func(*s3.PutObjectInput){none("*"), match(etagOf("old"))}, "NotImplemented"},
	} {
		eachStore(t, func(f *fixture) {
			f.put("old", "old")
			_, err := f.tryPut(c.key, "new", c.change...)
			wantCode(t, c.name, err, c.want)
			got, there := f.get(c.key)
			wantEqual(t, c.name+": stored", there && got == "new", c.want == "")
		})
	}
}

func TestPutConditionsHoldInTheInstantOfTheWrite(t *testing.T) {
	eachStore(t, func(f *fixture) {
		var won sync.Map
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				_, err := f.tryPut("k", fmt.Sprint(i), func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })
				if err == nil {
					won.Store(i, true)
				}
			})
		}
		wg.Wait()
		n := 0
		won.Range(func(k, _ any) bool {
			n++
			got, _ := f.get("k")
			wantEqual(t, "content of the winner", got, fmt.Sprint(k))
			return true
		})
		wantEqual(t, "winners", n, 1)
	})
}

func TestObjectsAreAtomic(t *testing.T) {
	eachStore(t, func(f *fixture) {
		ctx, stop := context.WithCancel(f.Context())
		version := func(i int) string { return strings.Repeat(fmt.Sprintf("%04d", i), 50_000) }
		f.put("k", version(0), func(in *s3.PutObjectInput) { in.Metadata = map[string]string{"v": "0000"} })
		var wg sync.WaitGroup
		wg.Go(func() {
			defer stop()
			for i := range 40 {
				f.put("k", version(i), func(in *s3.PutObjectInput) { in.Metadata = map[string]string{"v": fmt.Sprintf("%04d", i)} })
			}
		})
		for range 3 {
			wg.Go(func() {
				for ctx.Err() == nil {
					out, err := f.c.GetObject(f.Context(), &s3.GetObjectInput{Bucket: &f.Bucket, Key: aws.String("k")})
					if err != nil {
						t.Errorf("get: %v", err)
						return
					}
					b, err := io.ReadAll(out.Body)
					_ = out.Body.Close()
					if err != nil || string(b) != strings.Repeat(out.Metadata["v"], 50_000) || aws.ToString(out.ETag) != etagOf(string(b)) {
						t.Errorf("a torn read: version %q, %d bytes, %v", out.Metadata["v"], len(b), err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestDigestsAreVerified(t *testing.T) {
	crc := func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte{byte(crc32.ChecksumIEEE([]byte(s)) >> 24), byte(crc32.ChecksumIEEE([]byte(s)) >> 16), byte(crc32.ChecksumIEEE([]byte(s)) >> 8), byte(crc32.ChecksumIEEE([]byte(s)))})
	}
	sum := md5.Sum([]byte("content"))
	for _, c := range []struct {
		header, value string
		want          string
	}{
		{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:]), ""},
		{"Content-MD5", base64.StdEncoding.EncodeToString(make([]byte, 16)), "BadDigest"},
		{"Content-MD5", "short", "InvalidDigest"},
		{"Content-MD5", "", "InvalidDigest"},
		{"X-Amz-Checksum-Crc32", crc("content"), ""},
		{"X-Amz-Checksum-Crc32", crc("contenT"), "BadDigest"},
		{"X-Amz-Checksum-Crc32", "?", "InvalidRequest"},
		{"X-Amz-Checksum-Crc64nvme", base64.StdEncoding.EncodeToString(make([]byte, 8)), "BadDigest"},
		{"X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(make([]byte, 32)), "BadDigest"},
		{"X-Amz-Checksum-Sha1", base64.StdEncoding.EncodeToString(make([]byte, 20)), "BadDigest"},
		{"X-Amz-Checksum-Crc32c", base64.StdEncoding.EncodeToString(make([]byte, 4)), "BadDigest"},
		{"X-Amz-Content-Sha256", strings.Repeat("00", 32), "XAmzContentSHA256Mismatch"},
		{"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD", ""},
	} {
		eachStore(t, func(f *fixture) {
			f.put("k", "before")
			resp, body := f.raw("PUT", "/test/k", "content", map[string]string{c.header: c.value})
			got, _ := f.get("k")
			if c.want == "" {
				wantEqual(t, c.header, resp.StatusCode, 200)
				wantEqual(t, c.header, got, "content")
				return
			}
			wantEqual(t, c.header, xmlCode(t, body), c.want)
			wantEqual(t, c.header, resp.StatusCode, 400)
			wantEqual(t, "content after "+c.want, got, "before")
		})
	}
}

func TestTruncatedBodyStoresNothing(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("k", "before")
		rawAnswer(t, f.URL, "PUT /test/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort")
		got, _ := f.get("k")
		wantEqual(t, "content", got, "before")
	})
}

func TestChunkedBodiesAreDecoded(t *testing.T) {
	sum := crc32.ChecksumIEEE([]byte("hello, chunked world"))
	good := base64.StdEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	sig := ";chunk-signature=" + strings.Repeat("0", 64)
	for _, c := range []struct {
		name, kind, body string
		want             string
	}{
		{"signed", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "7" + sig + "\r\nhello, \r\nd" + sig + "\r\nchunked world\r\n0" + sig + "\r\n\r\n", ""},
		{"trailer", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "14\r\nhello, chunked world\r\n0\r\nx-amz-checksum-crc32:" + good + "\r\n\r\n", ""},
		{"signed trailer", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "14" + sig + "\r\nhello, chunked world\r\n0" + sig + "\r\nx-amz-checksum-crc32:" + good + "\r\nx-amz-trailer-signature:00\r\n\r\n", ""},
		{"wrong trailer", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "14\r\nhello, chunked world\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"},
		{"no trailer", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "14\r\nhello, chunked world\r\n0\r\n\r\n", "BadDigest"},
		{"cut in a chunk", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "14\r\nhello, chunk", "IncompleteBody"},
		{"cut after a chunk", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "14\r\nhello, chunked world\r\n", "IncompleteBody"},
		{"shorter than announced", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"},
		{"not chunked at all", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "hello, chunked world", "IncompleteBody"},
	} {
		eachStore(t, func(f *fixture) {
			header := map[string]string{
				"X-Amz-Content-Sha256": c.kind, "X-Amz-Decoded-Content-Length": "20",
				"Content-Encoding": "aws-chunked", "X-Amz-Trailer": "x-amz-checksum-crc32",
			}
			if !strings.HasSuffix(c.kind, "TRAILER") {
				delete(header, "X-Amz-Trailer")
			}
			_, body := f.raw("PUT", "/test/k", c.body, header)
			got, there := f.get("k")
			if c.want != "" {
				wantEqual(t, c.name, xmlCode(t, body), c.want)
				wantEqual(t, c.name+": stored", there, false)
				return
			}
			wantEqual(t, c.name, got, "hello, chunked world")
			wantEqual(t, c.name+": Content-Encoding", aws.ToString(f.head("k").ContentEncoding), "")
		})
	}
}

func TestSDKChecksumsInTrailers(t *testing.T) {
	for _, algorithm := range types.ChecksumAlgorithm("").Values() {
		if strings.HasPrefix(string(algorithm), "XXHASH") || algorithm == "SHA512" || algorithm == "MD5" {
			continue // newer than this server
		}
		eachStore(t, func(f *fixture) {
			f.put("k", "content", func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = algorithm })
			got, _ := f.get("k")
			wantEqual(t, string(algorithm), got, "content")
		})
	}
}

func TestCopy(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("src ü+", "content", func(in *s3.PutObjectInput) {
			in.WebsiteRedirectLocation = aws.String("/t")
			in.ContentType, in.CacheControl = aws.String("text/x-a"), aws.String("no-cache")
			in.Metadata = map[string]string{"md5": "abc"}
		})
		src := aws.String("test/src%20%C3%BC%2B")
		do := func(change func(*s3.CopyObjectInput)) error {
			in := &s3.CopyObjectInput{Bucket: &f.Bucket, Key: aws.String("dst"), CopySource: src}
			change(in)
			_, err := f.c.CopyObject(f.Context(), in)
			return err
		}
		wantCode(t, "COPY", do(func(*s3.CopyObjectInput) {}), "")
		h := f.head("dst")
		wantEqual(t, "COPY: redirect", aws.ToString(h.WebsiteRedirectLocation), "")
		wantEqual(t, "COPY: metadata", h.Metadata["md5"], "abc")
		wantEqual(t, "COPY: content type", aws.ToString(h.ContentType), "text/x-a")
		wantEqual(t, "COPY: cache control", aws.ToString(h.CacheControl), "no-cache")

		wantCode(t, "COPY with a redirect", do(func(in *s3.CopyObjectInput) { in.WebsiteRedirectLocation = aws.String("/u") }), "")
		h = f.head("dst")
		wantEqual(t, "redirect given", aws.ToString(h.WebsiteRedirectLocation), "/u")
		wantEqual(t, "metadata beside it", h.Metadata["md5"], "abc")

		wantCode(t, "REPLACE", do(func(in *s3.CopyObjectInput) {
			in.MetadataDirective = types.MetadataDirectiveReplace
			in.Metadata = map[string]string{"other": "1"}
		}), "")
		h = f.head("dst")
		wantEqual(t, "REPLACE: old metadata", h.Metadata["md5"], "")
		wantEqual(t, "REPLACE: new metadata", h.Metadata["other"], "1")
		wantEqual(t, "REPLACE: redirect", aws.ToString(h.WebsiteRedirectLocation), "")
		got, _ := f.get("dst")
		wantEqual(t, "content", got, "content")

		wantCode(t, "onto itself", do(func(in *s3.CopyObjectInput) { in.Key = aws.String("src ü+") }), "InvalidRequest")
		wantCode(t, "onto itself with REPLACE", do(func(in *s3.CopyObjectInput) {
			in.Key, in.MetadataDirective = aws.String("src ü+"), types.MetadataDirectiveReplace
		}), "")
		wantEqual(t, "redirect after that", aws.ToString(f.head("src ü+").WebsiteRedirectLocation), "")
		wantCode(t, "If-None-Match on something", do(func(in *s3.CopyObjectInput) { in.IfNoneMatch = aws.String("*") }), "PreconditionFailed")
		wantCode(t, "source If-Match", do(func(in *s3.CopyObjectInput) { in.CopySourceIfMatch = aws.String(`"x"`) }), "PreconditionFailed")
		wantCode(t, "no source", do(func(in *s3.CopyObjectInput) { in.CopySource = aws.String("test/none") }), "NoSuchKey")
	})
}

func TestDeleteConditions(t *testing.T) {
	eachStore(t, func(f *fixture) {
		del := func(key, match string) error {
			in := &s3.DeleteObjectInput{Bucket: &f.Bucket, Key: &key}
			if match != "" {
				in.IfMatch = &match
			}
			_, err := f.c.DeleteObject(f.Context(), in)
			return err
		}
		f.put("k", "content")
		wantCode(t, "wrong", del("k", etagOf("x")), "PreconditionFailed")
		_, there := f.get("k")
		wantEqual(t, "still there", there, true)
		wantCode(t, "right", del("k", etagOf("content")), "")
		_, there = f.get("k")
		wantEqual(t, "gone", there, false)
		wantCode(t, "again", del("k", etagOf("content")), "")
		wantCode(t, "again without", del("k", ""), "")
	})
}

func TestDeleteObjects(t *testing.T) {
	eachStore(t, func(f *fixture) {
		for _, k := range []string{"a", "b", "c"} {
			f.put(k, k)
		}
		batch := func(quiet bool, objects ...types.ObjectIdentifier) (*s3.DeleteObjectsOutput, error) {
			return f.c.DeleteObjects(f.Context(), &s3.DeleteObjectsInput{Bucket: &f.Bucket, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(quiet)}})
		}
		out, err := batch(false, types.ObjectIdentifier{Key: aws.String("a"), ETag: aws.String(etagOf("a"))},
			types.ObjectIdentifier{Key: aws.String("b"), ETag: aws.String(etagOf("x"))}, types.ObjectIdentifier{Key: aws.String("none")})
		wantCode(t, "batch", err, "")
		wantEqual(t, "deleted", len(out.Deleted), 2)
		if len(out.Errors) != 1 || aws.ToString(out.Errors[0].Key) != "b" || aws.ToString(out.Errors[0].Code) != "PreconditionFailed" {
			t.Errorf("errors: got %+v, want PreconditionFailed for b", out.Errors)
		}
		_, there := f.get("b")
		wantEqual(t, "b is there", there, true)
		_, there = f.get("a")
		wantEqual(t, "a is there", there, false)
		out, err = batch(true, types.ObjectIdentifier{Key: aws.String("c")})
		wantCode(t, "quiet", err, "")
		wantEqual(t, "quiet: deleted", len(out.Deleted), 0)

		many := make([]types.ObjectIdentifier, 1001)
		for i := range many {
			many[i].Key = aws.String(fmt.Sprint(i))
		}
		_, err = batch(false, many...)
		wantCode(t, "1,001 keys", err, "MalformedXML")
		_, err = batch(false, many[:1000]...)
		wantCode(t, "1,000 keys", err, "")
		resp, body := f.raw("POST", "/test?delete", "<Delete><Object><Key>b</Key></Object></Delete>", nil)
		wantEqual(t, "no digest", resp.StatusCode, 400)
		wantEqual(t, "no digest", xmlCode(t, body), "InvalidRequest")
	})
}

func TestUnknownSubresourcesAreRefused(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("k", "content")
		for _, c := range []struct{ method, path string }{
			{"PUT", "/test?policy"}, {"GET", "/test?acl"}, {"PUT", "/test?versions"}, {"GET", "/test/k?tagging"}, {"PUT", "/test/k?tagging"},
			{"PUT", "/test/k?acl"}, {"GET", "/test/k?attributes"}, {"GET", "/test/k?versionId=x"}, {"PUT", "/test?lifecycle"},
		} {
			resp, body := f.raw(c.method, c.path, "<x/>", nil)
			wantEqual(t, c.method+" "+c.path, resp.StatusCode, http.StatusNotImplemented)
			wantEqual(t, c.method+" "+c.path, xmlCode(t, body), "NotImplemented")
		}
		got, _ := f.get("k")
		wantEqual(t, "content", got, "content")
		for _, c := range []struct{ method, path string }{{"GET", "/none"}, {"PUT", "/none/k"}, {"GET", "/none/k"}, {"GET", "/none?website"}} {
			resp, body := f.raw(c.method, c.path, "", nil)
			wantEqual(t, c.path, resp.StatusCode, http.StatusNotFound)
			wantEqual(t, c.path, xmlCode(t, body), "NoSuchBucket")
		}
	})
}

func TestARefusedBodyIsNotAskedFor(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("k", "before")
		got := rawAnswer(t, f.URL, "PUT /test/k HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 412 ") {
			t.Errorf("got %q, want a 412 at once", got)
		}
	})
}
