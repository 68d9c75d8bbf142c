package s3server_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/internal/s3server"
)

func signingClient(url, accessKey, secretKey string) *s3.Client {
	o := newClient(url).Options()
	o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
	})
	return s3.New(o)
}

// TestSignatures checks that requests which the AWS SDK signs are accepted,
// whatever is in their keys and queries, and others are not.
func TestSignatures(t *testing.T) {
	f := newFixture(t, s3server.Credentials("ID", "secret"))
	c := signingClient(f.URL, "ID", "secret")
	for _, key := range []string{"k", "a b+c%2F/../ü//é?x=1&y#;:@,$!*'()~^[]\"\\", "\x01", "+", "a%"} {
		_, err := c.PutObject(f.Context(), &s3.PutObjectInput{
			Bucket: &f.Bucket, Key: &key, Body: strings.NewReader("x"), CacheControl: aws.String("a,  b"), Metadata: map[string]string{"a": "1  2"},
		})
		wantCode(t, "put "+key, err, "")
		_, err = c.ListObjectsV2(f.Context(), &s3.ListObjectsV2Input{Bucket: &f.Bucket, Prefix: &key, StartAfter: &key, EncodingType: types.EncodingTypeUrl})
		wantCode(t, "list "+key, err, "")
		_, err = c.CopyObject(f.Context(), &s3.CopyObjectInput{Bucket: &f.Bucket, Key: aws.String("copy"), CopySource: aws.String("test/k")})
		wantCode(t, "copy "+key, err, "")
	}
	_, err := c.DeleteObjects(f.Context(), &s3.DeleteObjectsInput{Bucket: &f.Bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k")}}}})
	wantCode(t, "batch", err, "")
	for what, c := range map[string]*s3.Client{"InvalidAccessKeyId": signingClient(f.URL, "other", "secret"), "SignatureDoesNotMatch": signingClient(f.URL, "ID", "Secret")} {
		_, err := c.ListObjectsV2(f.Context(), &s3.ListObjectsV2Input{Bucket: &f.Bucket})
		wantCode(t, what, err, what)
	}
	f.wantError("no signature", 403, "AccessDenied", "GET", "/test?list-type=2", "")
}
