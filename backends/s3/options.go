package s3

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/state"
)

// LinkBody is the kind of content of a link's object.
type LinkBody string

// The forms of a link's object.
const (
	// LinkPage: a small HTML page that leads on to the target. The default.
	LinkPage LinkBody = "page"
	// LinkEmpty: nothing. A listing does not prove such a link, which costs one
	// HEAD a link and run, and all of them have one ETag, so that no condition
	// notices when somebody else retargets one.
	LinkEmpty LinkBody = "empty"
)

// Options say which bucket to open, and how. The zero value of each but Bucket
// is a good default.
type Options struct {
	// Bucket is the bucket's name, or the ARN of an access point; it must exist.
	Bucket string
	// Prefix is below which keys the tree lies, with or without a final slash;
	// empty for the whole bucket.
	Prefix string
	// Params are Go CDK's URL parameters: region, endpoint, profile, and the
	// others that the package comment names.
	Params url.Values
	// Credentials are used instead of those that the environment and the
	// configuration files give.
	Credentials aws.CredentialsProvider
	// Transport sends the requests; nil for one of our own. It is for tests and
	// for special networks. It must not decompress bodies.
	Transport http.RoundTripper
	// LinkBody is the form in which links are written; every form is read.
	LinkBody LinkBody
	// NotFlat says that the store keeps keys as paths.
	NotFlat bool
	// KeyEncoding is how the store encodes the keys of its listings: query, path or
	// none. Empty: as its answers say, and prove.
	KeyEncoding string
	// Has and Lacks name abilities that the store has and lacks, with commas
	// between them: these are not learnt.
	Has, Lacks string
	// ACL is the canned ACL of new objects; empty for the bucket's default.
	ACL string
	// StorageClass is that of new files; empty for the bucket's default.
	StorageClass string
	// RequesterPays agrees to pay for requests to a bucket of somebody else.
	RequesterPays bool
	// MaxAttempts is how often a request is sent before it fails; 0 for 8.
	MaxAttempts int
	// MaxBackoff is the longest pause between two attempts; 0 for 20 s.
	MaxBackoff time.Duration
	// StallTimeout is how long nothing may move on a request, in either
	// direction, until it is tried again; 0 for 90 s. The completion of an
	// upload, at which some stores copy the whole object before they answer, has
	// seven times as long.
	StallTimeout time.Duration
	// StateDir is where unfinished uploads of large files are recorded, so that
	// the next run resumes or aborts those of one that was killed. Empty for no
	// records; trees that are opened by URL use the user's directory for state.
	StateDir string
	// Name stands for the tree in errors and notes; empty for "s3".
	Name string
	// Env is shared by the trees of one run.
	Env core.Env
}

// The names of our own parameters.
const (
	paramFlat          = "flat"
	paramLinkBody      = "link_body"
	paramBucket        = "bucket"
	paramHas           = "has"
	paramLacks         = "lacks"
	paramACL           = "acl"
	paramStorageClass  = "storage_class"
	paramRequesterPays = "requester_pays"
	paramKeyEncoding   = "key_encoding"
)

var ownParams = []string{paramFlat, paramLinkBody, paramBucket, paramHas, paramLacks, paramACL, paramStorageClass, paramRequesterPays, paramKeyEncoding}

// ParseURL returns the Options with which [Open] opens the tree at u, for programs
// that change some of them.
func ParseURL(u *url.URL, env core.Env) (Options, error) {
	o, err := parseURL(u, env)
	o.StateDir = state.Dir()
	return o, err
}

// parseURL reads a tree's URL, and from env the parameters that it leaves out.
func parseURL(u *url.URL, env core.Env) (Options, error) {
	o := Options{Bucket: u.Host, Prefix: strings.TrimPrefix(u.Path, "/"), Params: url.Values{}, Env: env}
	if err := core.CheckOptions(u, urlOptions); err != nil {
		return Options{}, err
	}
	if u.User != nil || u.Port() != "" {
		return Options{}, fmt.Errorf("%s: expected s3://bucket/prefix; credentials come from the environment, and the host from endpoint=", u.Redacted())
	}
	for _, p := range urlOptions {
		if v := env.Option(u, p.Name); v != "" && !slices.Contains(ownParams, p.Name) {
			o.Params.Set(p.Name, v)
		}
	}
	if name := env.Option(u, paramBucket); name != "" {
		o.Bucket = name
	}
	flat, err := boolOption(u, env, paramFlat, true)
	if err != nil {
		return Options{}, err
	}
	o.NotFlat = !flat
	if o.RequesterPays, err = boolOption(u, env, paramRequesterPays, false); err != nil {
		return Options{}, err
	}
	o.LinkBody = LinkBody(env.Option(u, paramLinkBody))
	o.KeyEncoding = env.Option(u, paramKeyEncoding)
	o.Has, o.Lacks = env.Option(u, paramHas), env.Option(u, paramLacks)
	o.ACL, o.StorageClass = env.Option(u, paramACL), env.Option(u, paramStorageClass)
	return o, nil
}

// boolOption reads a parameter that is true or false.
func boolOption(u *url.URL, env core.Env, name string, otherwise bool) (bool, error) {
	v := env.Option(u, name)
	if v == "" {
		return otherwise, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, fmt.Errorf("%s=%s: expected true or false", name, v)
	}
	return b, nil
}

// check returns an error if o is invalid, and fills in defaults.
func (o *Options) check() error {
	if o.Bucket == "" {
		return errors.New("no bucket is named: expected s3://bucket or s3://bucket/prefix")
	}
	if _, err := ability.New(o.Has, o.Lacks, nil); err != nil {
		return err
	}
	if _, err := listing.NewEncoding(o.KeyEncoding); err != nil {
		return fmt.Errorf("%s: %w", paramKeyEncoding, err)
	}
	if o.LinkBody == "" {
		o.LinkBody = LinkPage
	}
	if o.LinkBody != LinkPage && o.LinkBody != LinkEmpty {
		return fmt.Errorf("%s=%s: expected %s or %s", paramLinkBody, o.LinkBody, LinkPage, LinkEmpty)
	}
	if o.Name == "" {
		o.Name = "s3"
	}
	o.Prefix = strings.TrimSuffix(o.Prefix, "/")
	if o.Prefix == "" {
		return nil
	}
	if err := core.CheckKey(o.Prefix); err != nil {
		return fmt.Errorf("the prefix %s cannot be used: %w", core.DisplayKey(o.Prefix), err)
	}
	o.Prefix += "/"
	if len(o.Prefix) >= maxKey {
		return fmt.Errorf("the prefix is %d bytes long, and a key has %d at most", len(o.Prefix), maxKey)
	}
	return nil
}

// takeBool takes a boolean parameter out of params.
func takeBool(params url.Values, names ...string) (value, given bool, err error) {
	for _, name := range names {
		if v := params.Get(name); v != "" {
			if value, err = strconv.ParseBool(v); err != nil {
				return false, false, fmt.Errorf("%s=%s: expected true or false", name, v)
			}
			given = true
		}
		params.Del(name)
	}
	return value, given, nil
}
