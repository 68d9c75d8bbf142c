package s3

import (
	"strings"

	"github.com/s3fc/s3fc/core"
)

var _ core.Identifier = (*Tree)(nil)

// Identity implements [core.Identifier]: by endpoint, bucket and prefix.
func (t *Tree) Identity() string {
	o := t.client.Options()
	endpoint := o.Region
	if o.BaseEndpoint != nil {
		endpoint = strings.ToLower(strings.TrimRight(*o.BaseEndpoint, "/"))
	}
	return "s3 " + endpoint + " " + t.bucketName + "/" + t.prefix
}
