package s3server_test

import (
	"crypto/md5"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const mib = 1 << 20

func (f *fixture) create(key string, change ...func(*s3.CreateMultipartUploadInput)) *string {
	f.Helper()
	in := &s3.CreateMultipartUploadInput{Bucket: &f.Bucket, Key: &key}
	for _, c := range change {
		c(in)
	}
	out, err := f.c.CreateMultipartUpload(f.Context(), in)
	if err != nil {
		f.Fatal(err)
	}
	return out.UploadId
}

func (f *fixture) part(key string, id *string, n int32, content string) types.CompletedPart {
	f.Helper()
	out, err := f.c.UploadPart(f.Context(), &s3.UploadPartInput{Bucket: &f.Bucket, Key: &key, UploadId: id, PartNumber: &n, Body: strings.NewReader(content)})
	if err != nil {
		f.Fatal(err)
	}
	wantEqual(f.T, "ETag of a part", aws.ToString(out.ETag), etagOf(content))
	return types.CompletedPart{PartNumber: &n, ETag: out.ETag}
}

func (f *fixture) complete(key string, id *string, parts []types.CompletedPart, change ...func(*s3.CompleteMultipartUploadInput)) (*s3.CompleteMultipartUploadOutput, error) {
	in := &s3.CompleteMultipartUploadInput{Bucket: &f.Bucket, Key: &key, UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	for _, c := range change {
		c(in)
	}
	return f.c.CompleteMultipartUpload(f.Context(), in)
}

// composite is the ETag of an object of these parts.
func composite(parts ...string) string {
	h := md5.New()
	for _, p := range parts {
		sum := md5.Sum([]byte(p))
		h.Write(sum[:])
	}
	return fmt.Sprintf(`"%x-%d"`, h.Sum(nil), len(parts))
}

func TestMultipart(t *testing.T) {
	a, b := strings.Repeat("a", 5*mib), strings.Repeat("b", 5*mib)
	eachStore(t, func(f *fixture) {
		id := f.create("k", func(in *s3.CreateMultipartUploadInput) {
			in.WebsiteRedirectLocation, in.CacheControl = aws.String("/t"), aws.String("no-cache")
			in.Metadata = map[string]string{"md5": "x"}
		})
		f.part("k", id, 2, "replaced")
		f.part("k", id, 7, "left out")
		parts := []types.CompletedPart{f.part("k", id, 1, a), f.part("k", id, 2, b), f.part("k", id, 3, "c")}
		list, err := f.c.ListParts(f.Context(), &s3.ListPartsInput{Bucket: &f.Bucket, Key: aws.String("k"), UploadId: id})
		wantCode(t, "ListParts", err, "")
		wantEqual(t, "parts", len(list.Parts), 4)
		ups, err := f.c.ListMultipartUploads(f.Context(), &s3.ListMultipartUploadsInput{Bucket: &f.Bucket})
		wantCode(t, "ListMultipartUploads", err, "")
		wantEqual(t, "uploads", len(ups.Uploads), 1)
		_, there := f.get("k")
		wantEqual(t, "there before it is complete", there, false)

		out, err := f.complete("k", id, parts)
		wantCode(t, "Complete", err, "")
		want := composite(a, b, "c")
		wantEqual(t, "ETag of Complete", aws.ToString(out.ETag), want)
		h := f.head("k")
		wantEqual(t, "ETag of HEAD", aws.ToString(h.ETag), want)
		wantEqual(t, "redirect", aws.ToString(h.WebsiteRedirectLocation), "/t")
		wantEqual(t, "Cache-Control", aws.ToString(h.CacheControl), "no-cache")
		wantEqual(t, "metadata", h.Metadata["md5"], "x")
		listed, err := f.c.ListObjectsV2(f.Context(), &s3.ListObjectsV2Input{Bucket: &f.Bucket})
		wantCode(t, "list", err, "")
		wantEqual(t, "ETag of LIST", aws.ToString(listed.Contents[0].ETag), want)
		wantEqual(t, "size", aws.ToInt64(listed.Contents[0].Size), 10*mib+1)
		got, _ := f.get("k")
		wantEqual(t, "content", got == a+b+"c", true)
		resp, body := f.raw("GET", "/test/k", "", map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", 5*mib-2, 5*mib+1), "If-Match": want})
		wantEqual(t, "range over two parts", body, "aabb")
		wantEqual(t, "status of the range", resp.StatusCode, 206)
		_, err = f.complete("k", id, parts)
		wantCode(t, "Complete again", err, "NoSuchUpload")

		_, err = f.c.CopyObject(f.Context(), &s3.CopyObjectInput{Bucket: &f.Bucket, Key: aws.String("copy"), CopySource: aws.String("test/k")})
		wantCode(t, "copy", err, "")
		wantEqual(t, "ETag of the copy", aws.ToString(f.head("copy").ETag), etagOf(a+b+"c"))
	})
}

func TestMultipartRefusals(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("k", "before")
		id := f.create("k")
		small, last := f.part("k", id, 1, "small"), f.part("k", id, 2, "last")
		_, err := f.complete("k", id, []types.CompletedPart{small, last})
		wantCode(t, "a small part", err, "EntityTooSmall")
		_, err = f.complete("k", id, []types.CompletedPart{last, small})
		wantCode(t, "out of order", err, "InvalidPartOrder")
		_, err = f.complete("k", id, []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: aws.String(etagOf("x"))}})
		wantCode(t, "another ETag", err, "InvalidPart")
		_, err = f.complete("k", id, []types.CompletedPart{{PartNumber: aws.Int32(9), ETag: small.ETag}})
		wantCode(t, "no such part", err, "InvalidPart")
		one := []types.CompletedPart{small}
		_, err = f.complete("k", id, one, func(in *s3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") })
		wantCode(t, "If-None-Match", err, "PreconditionFailed")
		_, err = f.complete("k", id, one, func(in *s3.CompleteMultipartUploadInput) { in.IfMatch = aws.String(etagOf("x")) })
		wantCode(t, "If-Match", err, "PreconditionFailed")
		got, _ := f.get("k")
		wantEqual(t, "content after refusals", got, "before")
		_, err = f.complete("k", id, one, func(in *s3.CompleteMultipartUploadInput) { in.IfMatch = aws.String(etagOf("before")) })
		wantCode(t, "If-Match right", err, "")
		wantEqual(t, "ETag", aws.ToString(f.head("k").ETag), composite("small"))

		id = f.create("k2")
		_, err = f.c.AbortMultipartUpload(f.Context(), &s3.AbortMultipartUploadInput{Bucket: &f.Bucket, Key: aws.String("k2"), UploadId: id})
		wantCode(t, "Abort", err, "")
		_, err = f.c.UploadPart(f.Context(), &s3.UploadPartInput{Bucket: &f.Bucket, Key: aws.String("k2"), UploadId: id, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
		wantCode(t, "a part after Abort", err, "NoSuchUpload")
	})
}

func TestUploadPartCopy(t *testing.T) {
	eachStore(t, func(f *fixture) {
		f.put("src", "0123456789")
		id := f.create("k")
		out, err := f.c.UploadPartCopy(f.Context(), &s3.UploadPartCopyInput{
			Bucket: &f.Bucket, Key: aws.String("k"), UploadId: id, PartNumber: aws.Int32(1),
			CopySource: aws.String("test/src"), CopySourceRange: aws.String("bytes=2-4"),
		})
		wantCode(t, "UploadPartCopy", err, "")
		_, err = f.complete("k", id, []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: out.CopyPartResult.ETag}})
		wantCode(t, "Complete", err, "")
		got, _ := f.get("k")
		wantEqual(t, "content", got, "234")
	})
}

func TestPartDigestsAreVerified(t *testing.T) {
	eachStore(t, func(f *fixture) {
		id := f.create("k")
		_, err := f.c.UploadPart(f.Context(), &s3.UploadPartInput{
			Bucket: &f.Bucket, Key: aws.String("k"), UploadId: id, PartNumber: aws.Int32(1),
			Body: strings.NewReader("x"), ContentMD5: aws.String("AAAAAAAAAAAAAAAAAAAAAA=="),
		})
		wantCode(t, "wrong Content-MD5", err, "BadDigest")
		_, err = f.c.UploadPart(f.Context(), &s3.UploadPartInput{
			Bucket: &f.Bucket, Key: aws.String("k"), UploadId: id, PartNumber: aws.Int32(1), Body: io.NewSectionReader(strings.NewReader("xyz"), 0, 3),
			ChecksumCRC32: aws.String("AAAAAA=="),
		})
		wantCode(t, "wrong CRC32", err, "BadDigest")
	})
}

// A part can be asked for by its number, in objects of parts alone.
func TestPartNumbers(t *testing.T) {
	a, b := strings.Repeat("a", 5*mib), strings.Repeat("b", 6*mib)
	eachStore(t, func(f *fixture) {
		id := f.create("k")
		var parts []types.CompletedPart
		for i, p := range []string{a, a, b, "c"} {
			parts = append(parts, f.part("k", id, int32(i+1), p))
		}
		if _, err := f.complete("k", id, parts); err != nil {
			t.Fatal(err)
		}
		f.want("whole", "PUT", "/test/whole", "content", 200)
		for _, c := range []struct {
			path, want, of, count string
		}{
			{"/test/k?partNumber=1", a, "bytes 0-5242879/16777217", "4"},
			{"/test/k?partNumber=3", b, "bytes 10485760-16777215/16777217", "4"},
			{"/test/k?partNumber=4", "c", "bytes 16777216-16777216/16777217", "4"},
			{"/test/whole?partNumber=1", "content", "bytes 0-6/7", ""},
		} {
			for _, method := range []string{"HEAD", "GET"} {
				resp, body := f.want(c.path, method, c.path, "", 206)
				wantEqual(t, method+" "+c.path, resp.Header.Get("Content-Range"), c.of)
				wantEqual(t, "length", resp.Header.Get("Content-Length"), strconv.Itoa(len(c.want)))
				wantEqual(t, "count", resp.Header.Get("X-Amz-Mp-Parts-Count"), c.count)
				if method == "GET" && body != c.want {
					t.Errorf("%s: %d other bytes", c.path, len(body))
				}
			}
		}
		f.wantError("no such part", 416, "InvalidPartNumber", "GET", "/test/k?partNumber=5", "")
		f.wantError("no number", 400, "InvalidArgument", "GET", "/test/k?partNumber=0", "")
	})
}
