package s3

import (
	"strings"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/core"
)

var _ core.Identifier = (*Tree)(nil)

// Identity implements [core.Identifier]: by endpoint, bucket and prefix.
func (t *Tree) Identity() string {
	return "s3 " + where(t.client.Options(), "") + " " + t.bucketName + "/" + t.prefix
}

// where is the endpoint, or AWS's region, which is written behind aws.
func where(o awss3.Options, aws string) string {
	if o.BaseEndpoint != nil {
		return strings.ToLower(strings.TrimRight(*o.BaseEndpoint, "/"))
	}
	return aws + o.Region
}
