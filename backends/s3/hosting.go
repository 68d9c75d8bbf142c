package s3

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/website"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

var _ core.WebsiteHost = (*Tree)(nil)

// SetWebsite implements [core.WebsiteHost] with one GET and one PUT.
func (t *Tree) SetWebsite(ctx context.Context, index, errorKey string) error {
	config, err := t.site.Config(ctx)
	switch {
	case errors.Is(err, website.ErrOff):
		config = new(wire.Website)
	case err != nil:
		return fmt.Errorf("the website configuration of bucket %s cannot be read: %w", t.bucketName, explainer(t.bucketName).plain(err))
	case config.RedirectAllRequestsTo != nil:
		return fmt.Errorf("the website of bucket %s redirects everything to %s: turn that off first", t.bucketName, config.RedirectAllRequestsTo.HostName)
	}
	changed := *config
	changed.IndexDocument, changed.ErrorDocument = verbatim("Suffix", index), verbatim("Key", errorKey)
	if err := t.wire.PutWebsite(ctx, &changed); err != nil {
		return fmt.Errorf("the website of bucket %s cannot be set: %w", t.bucketName, explainer(t.bucketName).plain(err))
	}
	return nil
}

// verbatim is an element with one text in it, nil for no text.
func verbatim(name, text string) *wire.Verbatim {
	if text == "" {
		return nil
	}
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // memory
	return &wire.Verbatim{Inner: "<" + name + ">" + b.String() + "</" + name + ">"}
}

// dashRegions are the regions whose website endpoints have a dash before the region, and
// not a point. Source: AWS General Reference, "Amazon S3 website endpoints".
var dashRegions = []string{
	"us-east-1", "us-west-1", "us-west-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-west-1", "sa-east-1", "us-gov-west-1",
}

// WebsiteAddress implements [core.WebsiteHost]. It is known of AWS alone.
func (t *Tree) WebsiteAddress() string {
	if !t.aws || t.express || strings.HasPrefix(t.bucketName, "arn:") {
		return ""
	}
	return websiteAddress(t.bucketName, t.wire.Region())
}

func websiteAddress(bucket, region string) string {
	point, domain := ".", "amazonaws.com"
	if slices.Contains(dashRegions, region) {
		point = "-"
	}
	if strings.HasPrefix(region, "cn-") {
		domain += ".cn"
	}
	return "http://" + bucket + ".s3-website" + point + region + "." + domain
}

// WebsitePolicies implements [core.WebsiteHost].
func (t *Tree) WebsitePolicies() []core.Policy {
	bucket := "arn:" + partition(t.wire.Region()) + ":s3:::" + t.bucketName
	objects, list := bucket+"/"+t.prefix+"*", ""
	if t.prefix != "" {
		list = `,
      "Condition": {"StringLike": {"s3:prefix": ["` + t.prefix + `*"]}}`
	}
	return []core.Policy{
		{
			Name: "visitors", About: "lets everybody read the objects, and list nothing, so that an address that does not exist is answered 403 and not 404; " +
				"a bucket policy, set by `aws s3api put-bucket-policy`, where Block Public Access of bucket and account allows it",
			Text: `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "VisitorsRead",
      "Effect": "Allow",
      "Principal": "*",
      "Action": "s3:GetObject",
      "Resource": "` + objects + `"
    }
  ]
}`,
		},
		{
			Name: "deployer", About: "the least that copy, release and rollback need; a policy of the user or role that deploys",
			Text: `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "List",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "` + bucket + `"` + list + `
    },
    {
      "Sid": "LookAtHosting",
      "Effect": "Allow",
      "Action": ["s3:GetBucketWebsite", "s3:GetBucketVersioning"],
      "Resource": "` + bucket + `"
    },
    {
      "Sid": "ReadAndWrite",
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
      "Resource": "` + objects + `"
    }
  ]
}`,
		},
	}
}

// partition is the part of AWS in which a region is, as ARNs have it.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
