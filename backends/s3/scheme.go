package s3

import (
	"net/url"
	"os"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/prices"
)

// Scheme is the scheme of S3 buckets, for a [core.Mux].
var Scheme = core.Scheme{
	Name: "s3", Open: Open, Features: DefaultFeatures(), Options: urlOptions, Check: checkURL, Endpoint: urlEndpoint,
	About:   "a bucket of Amazon S3 or of a store that speaks its protocol; links are redirects",
	Example: "s3://bucket/prefix?region=eu-west-1",
}

// urlOptions are the parameters of an s3 URL: some of our own, and those of
// Go CDK.
var urlOptions = []core.Option{
	{Name: paramFlat, About: "false: the store keeps keys as paths, so that a and a/b cannot both be there"},
	{Name: paramLinkBody, About: "the body of a link's object: a small HTML page, or nothing", Values: []string{string(LinkPage), string(LinkEmpty)}},
	{Name: paramBucket, About: "the bucket's name where no URL can have it: an access point's ARN, or tenant:bucket"},
	{Name: paramACL, About: "the canned ACL of new objects, as public-read"},
	{Name: paramStorageClass, About: "the storage class of new files, as STANDARD_IA; links have the bucket's default"},
	{Name: paramRequesterPays, About: "true: pay for requests to a bucket of somebody else"},
	{Name: paramHas, About: "what the store does, with commas: nothing else is tried; see docs/stores.md"},
	{Name: paramLacks, About: "what the store does not do, with commas: it is not tried"},
	{Name: paramKeyEncoding, About: "how listings encode keys, where the store says it wrongly", Values: []string{"query", "path", "none"}},
	{Name: "region", About: "the bucket's region"},
	{Name: "endpoint", About: "the URL of the store, where it is not Amazon S3"},
	{Name: "profile", About: "the profile of the AWS configuration files to use"},
	{Name: "anonymous", About: "true: send requests without credentials"},
	{Name: "role", About: "the ARN of a role to assume"},
	{Name: "use_path_style", About: "true: put the bucket's name into the path of requests"},
	{Name: "s3ForcePathStyle", About: "an older name of use_path_style"},
	{Name: "disable_https", About: "true: use plain HTTP"},
	{Name: "accelerate", About: "true: use S3 Transfer Acceleration"},
	{Name: "dualstack", About: "true: use endpoints that also have IPv6"},
	{Name: "fips", About: "true: use FIPS endpoints"},
	{Name: "hostname_immutable", About: "true: leave the endpoint's host as it is"},
	{Name: "ssetype", About: "the encryption of new objects: AES256, aws:kms or aws:kms:dsse"},
	{Name: "kmskeyid", About: "the KMS key of new objects"},
	{Name: "rate_limiter_capacity", About: "the tokens of the SDK's own retries; 0 for no limit"},
	{Name: "request_checksum_calculation", About: "when the SDK adds checksums of its own: when_supported or when_required"},
	{Name: "response_checksum_validation", About: "when the SDK checks checksums: when_supported or when_required"},
	{Name: "awssdk", About: "the version of the AWS SDK: v2", Values: []string{"v2", "V2"}},
}

// checkURL reports a URL that cannot name a bucket.
func checkURL(u *url.URL) error {
	o, err := parseURL(u, core.Env{})
	if err != nil {
		return err
	}
	return o.check()
}

// urlEndpoint is the endpoint that u or the environment names, in lower case;
// configuration files may name another.
func urlEndpoint(u *url.URL) string {
	for _, s := range []string{u.Query().Get("endpoint"), os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")} {
		if s != "" {
			return strings.ToLower(strings.TrimRight(s, "/"))
		}
	}
	return ""
}

// Prices implements [core.Pricer]: by the endpoint's host.
func (t *Tree) Prices() (p *core.Prices, known bool) {
	host := t.Endpoint()
	if u, err := url.Parse(host); err == nil {
		host = u.Host
	}
	if prices.Local(host) {
		return nil, true
	}
	p = prices.For(host, t.bucketName)
	return p, p != nil
}

var (
	_ core.Pricer     = (*Tree)(nil)
	_ core.Endpointer = (*Tree)(nil)
)
