package s3

import (
	"strings"

	"github.com/s3fc/s3fc/core"
)

var _ core.Identifier = (*Tree)(nil)

// Identity implements [core.Identifier]: by endpoint, bucket and prefix.
func (t *Tree) Identity() string {
	return "s3 " + t.where("") + " " + t.bucketName + "/" + t.prefix
}

// where is the endpoint, or AWS's region, which is written behind aws.
func (t *Tree) where(aws string) string {
	o := t.client.Options()
	if o.BaseEndpoint != nil {
		return strings.ToLower(strings.TrimRight(*o.BaseEndpoint, "/"))
	}
	return aws + o.Region
}
