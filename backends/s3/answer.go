package s3

import (
	"errors"
	"io"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

// errNotS3 is an answer that says yes and is not one of S3's. Networks with a
// login page give such answers, and so does an endpoint that is something else:
// taken at its word, a listing would be empty, and all be deleted.
var errNotS3 = core.Transient(errors.New("this is no answer of S3: check the endpoint, and that no login page or proxy answers in its place"))

// tagged is errNotS3 if an answer has no ETag: S3 gives one with whatever it
// stores or reads.
func tagged(etag *string) error {
	if format.BareETag(etag) == "" {
		return errNotS3
	}
	return nil
}

// taggedBody is [tagged] for an answer that has a body.
func taggedBody(body io.ReadCloser, out *awss3.GetObjectOutput) (io.ReadCloser, *awss3.GetObjectOutput, error) {
	if err := tagged(out.ETag); err != nil {
		_ = body.Close() // nobody wants it
		return nil, nil, err
	}
	return body, out, nil
}

// isListing is errNotS3 if an answer does not say whether the listing goes on.
func isListing(out *awss3.ListObjectsV2Output) error {
	if out.IsTruncated == nil {
		return errNotS3
	}
	return nil
}
