package s3

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/prices"
)

// Scheme is the scheme of S3 buckets, for a [core.Mux].
var Scheme = core.Scheme{
	Name: "s3", Open: Open, Features: DefaultFeatures(), Options: urlOptions, Check: checkURL, Endpoint: urlEndpoint, Suggest: suggest,
	About:   "a bucket of Amazon S3 or of a store that speaks its protocol; links are redirects",
	Example: "s3://bucket/prefix?region=eu-west-1",

	Variables: variables, Completer: completer{},
}

// variables are those of AWS that are of use here; its SDK reads more.
var variables = []core.Variable{
	{Name: "AWS_ACCESS_KEY_ID", About: "the name of the key, with AWS_SECRET_ACCESS_KEY"},
	{Name: "AWS_SECRET_ACCESS_KEY", About: "the secret of the key"},
	{Name: "AWS_SESSION_TOKEN", About: "the token of a key for a session"},
	{Name: "AWS_PROFILE", About: "the profile of the configuration files, as profile="},
	{Name: "AWS_REGION", About: "the bucket's region, as region="},
	{Name: "AWS_ENDPOINT_URL_S3", About: "the URL of the store, where it is not Amazon S3, as endpoint="},
	{Name: "AWS_ENDPOINT_URL", About: "the same, for all services; AWS_ENDPOINT_URL_S3 comes first"},
	{Name: "AWS_CONFIG_FILE", About: "the configuration file, in place of ~/.aws/config"},
	{Name: "AWS_SHARED_CREDENTIALS_FILE", About: "the file of keys, in place of ~/.aws/credentials"},
	{Name: "AWS_ROLE_ARN", About: "the role to assume, with AWS_WEB_IDENTITY_TOKEN_FILE"},
	{Name: "AWS_WEB_IDENTITY_TOKEN_FILE", About: "a file with the token of an OIDC provider, as CI has it"},
	{Name: "AWS_CA_BUNDLE", About: "a file of certificates that the store's may be signed by"},
	{Name: "AWS_EC2_METADATA_DISABLED", About: "true: ask no service of the machine for a role"},
	{Name: "HTTPS_PROXY", About: "the proxy for https; HTTP_PROXY for http, NO_PROXY for none"},
}

// urlOptions are the parameters of an s3 URL: some of our own, and those of
// Go CDK.
var urlOptions = []core.Option{
	{Name: paramFlat, About: "false: the store keeps keys as paths, so that a and a/b cannot both be there"},
	{Name: paramLinkBody, About: "the body of a link's object: a small HTML page, or nothing", Values: []string{string(LinkPage), string(LinkEmpty)}},
	{Name: paramBucket, About: "the bucket's name where no URL can have it: an access point's ARN, or tenant:bucket"},
	{Name: paramACL, About: "the canned ACL of new objects, as public-read"},
	{Name: paramStorageClass, About: "the storage class of new files, as STANDARD_IA; links have the default of the bucket"},
	{Name: paramRequesterPays, About: "true: pay for requests to a bucket of somebody else"},
	{Name: paramHas, About: "abilities that the store has, with commas: a refusal of one is an error"},
	{Name: paramLacks, About: "abilities that the store lacks, with commas: they are not tried"},
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
	{Name: "hostname_immutable", About: "without effect, as an endpoint has path style; URLs of Go CDK have it"},
	{Name: "ssetype", About: "the encryption of new objects: AES256, aws:kms or aws:kms:dsse"},
	{Name: "kmskeyid", About: "the KMS key of new objects"},
	{Name: "rate_limiter_capacity", About: "a number, for requests for credentials alone; URLs of Go CDK have it"},
	{Name: "request_checksum_calculation", About: "when_supported: add a CRC32 to each body, beside its md5; when_required: do not"},
	{Name: "response_checksum_validation", About: "without effect, as each content is compared with its md5; URLs of Go CDK have it"},
	{Name: "awssdk", About: "the version of the AWS SDK: v2", Values: []string{"v2", "V2"}},
}

// checkURL reports a URL that cannot name a bucket.
func checkURL(u *url.URL) error {
	o, err := parseURL(u, core.Env{})
	if err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	return checkURLEndpoint(u)
}

// endpointSources are the names of the environment variables that set an endpoint,
// the first that is set wins.
var endpointSources = []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}

// checkURLEndpoint reports an endpoint that is no URL. The SDK would send requests to
// a host that does not exist.
func checkURLEndpoint(u *url.URL) error {
	name, value := "endpoint", u.Query().Get("endpoint")
	for _, env := range endpointSources {
		if value == "" {
			name, value = env, os.Getenv(env)
		}
	}
	if value == "" {
		return nil
	}
	e, err := url.Parse(value)
	if err == nil && (e.Scheme == "http" || e.Scheme == "https") && e.Host != "" {
		return nil
	}
	return fmt.Errorf("%s=%s is no URL of a server: expected one such as http://%s", name, value, withoutScheme(value))
}

// withoutScheme returns the host and port of an address that may have a scheme.
func withoutScheme(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	return cmp.Or(strings.Trim(address, "/"), "localhost:9000")
}

// otherSchemes are schemes that other tools have for S3.
var otherSchemes = []string{"s3a", "s3n", "s3c"}

// suggest returns the s3 URL for an ARN of a bucket, for an address of Amazon's
// endpoints, and for the schemes of other tools.
func suggest(arg string) (string, bool) {
	if rest, ok := strings.CutPrefix(arg, "arn:aws:s3:::"); ok && rest != "" {
		return "s3://" + rest, true
	}
	scheme, rest, isURL := strings.Cut(arg, "://")
	if isURL && slices.Contains(otherSchemes, strings.ToLower(scheme)) {
		return "s3://" + rest, true
	}
	u, err := url.Parse(arg)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !strings.HasSuffix(u.Host, ".amazonaws.com") {
		return "", false
	}
	if bucket, _, ok := strings.Cut(u.Host, ".s3"); ok && bucket != "" {
		return "s3://" + bucket + u.Path, true
	}
	if path := strings.Trim(u.Path, "/"); strings.HasPrefix(u.Host, "s3") && path != "" {
		return "s3://" + path, true
	}
	return "", false
}

// urlEndpoint is the endpoint that u or the environment names, in lower case;
// configuration files may name another.
func urlEndpoint(u *url.URL) string {
	s := u.Query().Get("endpoint")
	for _, env := range endpointSources {
		s = cmp.Or(s, os.Getenv(env))
	}
	return strings.ToLower(strings.TrimRight(s, "/"))
}

// Location implements [core.Locator]: the region, or the server where that is not
// Amazon's.
func (t *Tree) Location() string {
	if e := t.Endpoint(); e != "" {
		return e
	}
	return t.client.Options().Region
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
	_ core.Locator    = (*Tree)(nil)
)
