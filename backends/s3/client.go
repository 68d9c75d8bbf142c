package s3

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	gcaws "gocloud.dev/aws"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/transport"
	"github.com/s3fc/s3fc/backends/s3/internal/upload"
	"github.com/s3fc/s3fc/backends/s3/internal/website"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// setup is the settings from the parameters of a URL.
type setup struct {
	cfg                 aws.Config
	endpoint            string
	pathStyle           *bool
	accelerate, noHTTPS bool
	wantsChecksums      bool
	sse                 string
	kmsKey              string
}

// configure reads the parameters that s3blob takes itself, and leaves the rest
// to Go CDK.
func configure(ctx context.Context, o Options) (setup, error) {
	var s setup
	params := maps.Clone(o.Params)
	if params == nil {
		params = url.Values{}
	}
	if err := s.readParams(params); err != nil {
		return setup{}, err
	}
	cfg, err := gcaws.V2ConfigFromURLParams(ctx, params)
	if err != nil {
		return setup{}, fmt.Errorf("the AWS configuration cannot be used: %w", err)
	}
	cfg.Credentials = limitedSource(cfg.Credentials)
	cfg.Logger = sdkLog{o.Env.Logger()}
	if o.Credentials != nil {
		cfg.Credentials = cached(o.Credentials)
	}
	s.cfg = cfg
	return s, nil
}

// cached returns credentials that are asked for again only once they expire, as those
// of a configuration are.
func cached(p aws.CredentialsProvider) aws.CredentialsProvider {
	if c, ok := p.(*aws.CredentialsCache); ok {
		return c
	}
	return aws.NewCredentialsCache(p)
}

func (s *setup) readParams(params url.Values) error {
	s.endpoint, s.kmsKey = params.Get("endpoint"), params.Get("kmskeyid")
	s.wantsChecksums = strings.EqualFold(params.Get("request_checksum_calculation"), "when_supported")
	if v := params.Get("ssetype"); v != "" {
		sse, err := encryption(v)
		if err != nil {
			return err
		}
		s.sse = string(sse)
	}
	style, given, err := takeBool(params, "use_path_style", "s3ForcePathStyle")
	if err != nil {
		return err
	}
	if given {
		s.pathStyle = &style
	}
	if s.accelerate, _, err = takeBool(params, "accelerate"); err != nil {
		return err
	}
	if s.noHTTPS, _, err = takeBool(params, "disable_https"); err != nil {
		return err
	}
	if _, _, err = takeBool(params, "hostname_immutable"); err != nil { // implied by path style
		return err
	}
	if v := params.Get("rate_limiter_capacity"); v != "" {
		if _, err := strconv.ParseUint(v, 10, 31); err != nil {
			return fmt.Errorf("rate_limiter_capacity=%s: expected a number", v)
		}
	}
	for _, name := range []string{"endpoint", "kmskeyid", "ssetype"} {
		params.Del(name)
	}
	return checkEndpoint(s.endpoint)
}

func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("endpoint=%s: expected a URL as https://s3.example.net", endpoint)
	}
	return nil
}

func encryption(name string) (types.ServerSideEncryption, error) {
	var names []string
	for _, v := range types.ServerSideEncryption("").Values() {
		if strings.EqualFold(string(v), name) {
			return v, nil
		}
		names = append(names, string(v))
	}
	return "", fmt.Errorf("ssetype=%s: expected one of %s", name, strings.Join(names, ", "))
}

// newClient returns the SDK's client and the transport below it. The HTTP client, the
// retries and the checksums are ours, which is why Go CDK's own opener is not used.
func newClient(s setup, o Options) (*awss3.Client, *transport.Transport) {
	n := &notices{env: o.Env, store: o.Name, explain: explainer(o.Bucket)}
	t := transport.New(transport.Options{
		Next: o.Transport, Base: s.cfg.HTTPClient, Jobs: o.Env.Jobs,
		Budget: o.Env.Budget, StallTimeout: o.StallTimeout,
		MaxAttempts: o.MaxAttempts, MaxBackoff: o.MaxBackoff, GiveUp: o.Env.GiveUp, Silent: n.silence, Waiting: n.wait,
	})
	client := awss3.NewFromConfig(s.cfg, func(o *awss3.Options) { s.adjust(o, t) })
	n.server = serverOf(client.Options(), o.Name)
	return client, t
}

// adjust sets the SDK's options by the setup.
func (s setup) adjust(o *awss3.Options, t *transport.Transport) {
	if s.endpoint != "" {
		o.BaseEndpoint = aws.String(s.endpoint)
	}
	if o.BaseEndpoint != nil {
		o.UsePathStyle = true
		if o.Region == "" {
			o.Region = "us-east-1"
		}
	}
	if s.pathStyle != nil {
		o.UsePathStyle = *s.pathStyle
	}
	o.UseAccelerate = s.accelerate
	o.UseARNRegion = true // an ARN names its region
	o.EndpointOptions.DisableHTTPS = s.noHTTPS
	o.HTTPClient = t.Client()
	o.Retryer = t.Retryer()
	o.RequestChecksumCalculation = s.checksums()
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.DisableLogOutputChecksumValidationSkipped = true
}

// notices tell the user about waits.
type notices struct {
	env     core.Env
	store   string // for a person
	server  string
	explain explainer
}

// silence says that the store gives no answer.
func (n *notices) silence(cause error) {
	n.env.Logger().Warn("no answer from the store: waiting", "store", n.store, "error", n.explain.plain(cause))
}

// wait logs that a request is going to be tried again.
func (n *notices) wait(ctx context.Context, w core.Wait) {
	w.For = n.server
	w.Log(ctx, n.env.Logger())
}

// serverOf names the server for a person.
func serverOf(o awss3.Options, store string) string {
	if u, err := url.Parse(aws.ToString(o.BaseEndpoint)); err == nil && u.Host != "" {
		return u.Host
	}
	return store
}

// checksums are off unless the URL asks for them: each body goes with its
// Content-MD5, which every store verifies. The configuration does not tell a
// wish from the SDK's default, which is to add them.
func (s setup) checksums() aws.RequestChecksumCalculation {
	if s.wantsChecksums {
		return aws.RequestChecksumCalculationWhenSupported
	}
	return aws.RequestChecksumCalculationWhenRequired
}

// newSender makes the sender of all requests but those for credentials, and its
// users.
func newSender(ctx context.Context, t *Tree, s setup) (err error) {
	o := t.client.Options()
	if t.can, err = ability.New(t.opts.Has, t.opts.Lacks, t.opts.memory(ctx, o)); err != nil {
		return err
	}
	t.wire, err = wire.New(ctx, wire.Options{
		SDK: o, Bucket: t.bucketName, Transport: t.transport, Can: t.can,
		RequesterPays: t.opts.RequesterPays, Reload: t.opts.reload,
		Checksums: s.wantsChecksums || t.express, NoMD5: t.express,
	})
	t.uploads = &upload.Uploader{
		Sender: t.wire, Buffers: t.opts.Env.Buffers, Log: t.opts.Env.Logger(), Opaque: t.express,
		Records: upload.OpenRecords(t.opts.StateDir, where(o, "aws ")+" "+t.bucketName),
	}
	t.objects = &objects.Store{Sender: t.wire, Can: t.can, Header: t.opts.objectHeader(s), Parallel: max(t.opts.Env.Jobs, 4)}
	t.uploads.Objects = t.objects
	t.writer = &writer{
		layout: t.layout, objects: t.objects, uploads: t.uploads, can: t.can, buffers: t.opts.Env.Buffers,
		log: t.opts.Env.Logger(), emptyLinks: t.opts.LinkBody == LinkEmpty, trusted: t.aws,
	}
	t.site = &website.Site{Sender: t.wire, Bucket: t.bucketName, Prefix: t.prefix, Explain: explainer(t.bucketName).plain}
	return err
}

// reload reads the configuration again: the credentials in it may be newer.
func (o Options) reload(ctx context.Context) (aws.CredentialsProvider, error) {
	s, err := configure(ctx, o)
	return s.cfg.Credentials, err
}

// objectHeader returns the headers of every new object.
func (o Options) objectHeader(s setup) http.Header {
	r := wire.NewRequest("", "")
	r.Set(wire.Encryption, s.sse)
	r.Set(wire.EncryptionKey, s.kmsKey)
	r.Set(wire.ACL, o.ACL)
	r.Set(wire.StorageClass, o.StorageClass)
	return r.Header
}

// memory returns the file that remembers for a week which time-saving abilities the
// store lacks.
func (o Options) memory(ctx context.Context, sdk awss3.Options) *ability.Memory {
	if o.StateDir == "" {
		return nil
	}
	account := ""
	if sdk.Credentials != nil {
		if creds, err := sdk.Credentials.Retrieve(ctx); err == nil {
			account = creds.AccessKeyID
		}
	}
	return ability.OpenMemory(o.StateDir, where(sdk, "aws "), o.Bucket, account)
}
