package s3server_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

func TestLies(t *testing.T) {
	redirect := func(in *s3.PutObjectInput) { in.WebsiteRedirectLocation = aws.String("/t") }
	create := func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }
	lying := func(l s3server.Lies) *fixture { return newFixture(t, s3server.Lying(l)) }
	batch := func(f *fixture, etag string) (*s3.DeleteObjectsOutput, error) {
		return f.c.DeleteObjects(f.Context(), &s3.DeleteObjectsInput{Bucket: &f.Bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k"), ETag: &etag}}}})
	}

	f := lying(s3server.Lies{DropRedirect: true})
	f.put("k", "", redirect)
	wantEqual(t, "DropRedirect", aws.ToString(f.head("k").WebsiteRedirectLocation), "")

	f = lying(s3server.Lies{RefuseRedirect: true})
	_, err := f.tryPut("k", "", redirect)
	wantCode(t, "RefuseRedirect", err, "NotImplemented")

	f = lying(s3server.Lies{NoConditions: true})
	_, err = f.tryPut("k", "", create)
	wantCode(t, "NoConditions", err, "NotImplemented")
	_, err = f.c.DeleteObject(f.Context(), &s3.DeleteObjectInput{Bucket: &f.Bucket, Key: aws.String("k"), IfMatch: aws.String("x")})
	wantCode(t, "NoConditions on DELETE", err, "NotImplemented")

	f = lying(s3server.Lies{IgnoreConditions: true})
	f.put("k", "one")
	f.put("k", "two", create)
	got, _ := f.get("k")
	wantEqual(t, "IgnoreConditions", got, "two")
	_, err = batch(f, etagOf("other"))
	wantCode(t, "IgnoreConditions on a batch", err, "")
	_, there := f.get("k")
	wantEqual(t, "IgnoreConditions: deleted", there, false)

	f = lying(s3server.Lies{NoBatchETag: true})
	_, err = batch(f, etagOf("x"))
	wantCode(t, "NoBatchETag", err, "NotImplemented")

	f = lying(s3server.Lies{Unordered: true})
	f.put("a", "")
	f.put("b", "")
	out, err := f.c.ListObjectsV2(f.Context(), &s3.ListObjectsV2Input{Bucket: &f.Bucket})
	wantCode(t, "Unordered", err, "")
	wantEqual(t, "Unordered: first", aws.ToString(out.Contents[0].Key), "b")
}

func TestKMS(t *testing.T) {
	f := newFixture(t, s3server.Lying(s3server.Lies{KMS: true}))
	put := f.put("k", "content")
	h := f.head("k")
	list, err := f.c.ListObjectsV2(f.Context(), &s3.ListObjectsV2Input{Bucket: &f.Bucket})
	wantCode(t, "list", err, "")
	etags := []string{aws.ToString(put.ETag), aws.ToString(h.ETag), aws.ToString(list.Contents[0].ETag)}
	if etags[0] == etagOf("content") || len(etags[0]) != 34 || !slices.Equal(etags[:2], etags[1:]) {
		t.Errorf("ETags: got %q, want three times the same 32 digits that are not the md5", etags)
	}
	wantEqual(t, "encryption", h.ServerSideEncryption, types.ServerSideEncryptionAwsKms)
	wantEqual(t, "encryption of a put", put.ServerSideEncryption, types.ServerSideEncryptionAwsKms)
	_, err = f.tryPut("k", "new", func(in *s3.PutObjectInput) { in.IfMatch = aws.String(etagOf("content")) })
	wantCode(t, "If-Match with the md5", err, "PreconditionFailed")
	_, err = f.tryPut("k", "new", func(in *s3.PutObjectInput) { in.IfMatch = &etags[0] })
	wantCode(t, "If-Match with the ETag", err, "")
	_, err = f.c.DeleteObject(f.Context(), &s3.DeleteObjectInput{Bucket: &f.Bucket, Key: aws.String("k"), IfMatch: f.head("k").ETag})
	wantCode(t, "delete", err, "")
}

func TestServer(t *testing.T) {
	seen := 0
	f := newFixture(t, s3server.Bucket("other"), s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen++
			next.ServeHTTP(w, r)
		})
	}))
	wantEqual(t, "bucket", f.Bucket, "other")
	f.Throttle(2)
	for range 2 {
		_, err := f.tryPut("k", "x")
		wantCode(t, "throttled", err, "SlowDown")
	}
	f.put("k", "x")
	f.head("k")
	f.list("", "")
	wantEqual(t, "requests", f.Requests(), core.Requests{core.ClassPut: 3, core.ClassHead: 1, core.ClassList: 1})
	wantEqual(t, "seen by the wrapper", seen, 5)
	wantEqual(t, "path in the log", f.Log()[0].Path, "/other/k")
	f.ResetLog()
	wantEqual(t, "after ResetLog", f.Requests().Total(), 0)
	f.CreateBucket("second")
	buckets, err := f.c.ListBuckets(f.Context(), &s3.ListBucketsInput{})
	wantCode(t, "ListBuckets", err, "")
	wantEqual(t, "buckets", len(buckets.Buckets), 2)
}
