// Package wiretest opens senders to the project's own S3 server, for tests.
package wiretest

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/transport"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/internal/s3server"
)

// Sender returns a sender to the bucket test of the server at url, and its transport,
// which waits a millisecond at most between two tries and is closed with the test. It
// learns the server's abilities into can.
func Sender(t testing.TB, url string, can *ability.Set) (*wire.Sender, *transport.Transport) {
	t.Helper()
	tr := transport.New(transport.Options{MaxBackoff: time.Millisecond})
	t.Cleanup(tr.Close)
	sender, err := wire.New(t.Context(), wire.Options{
		Bucket: "test", Transport: tr, Can: can,
		SDK: awss3.New(awss3.Options{
			Region: "us-east-1", UsePathStyle: true, BaseEndpoint: aws.String(url),
			Credentials: credentials.NewStaticCredentialsProvider(s3server.AccessKey, s3server.SecretKey, ""),
		}).Options(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return sender, tr
}
