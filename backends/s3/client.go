package s3

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
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

// setup is what the parameters of a URL come to.
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
	if err := s.take(params); err != nil {
		return setup{}, err
	}
	cfg, err := gcaws.V2ConfigFromURLParams(ctx, params)
	if err != nil {
		return setup{}, fmt.Errorf("the AWS configuration cannot be used: %w", err)
	}
	if o.Credentials != nil {
		cfg.Credentials = o.Credentials
	}
	s.cfg = cfg
	return s, nil
}

func (s *setup) take(params url.Values) error {
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

// newClient makes the SDK's client. The HTTP client, the retries and the
// checksums are ours, which is why Go CDK's own opener is not used.
func (t *Tree) newClient(s setup) *awss3.Client {
	t.transport = transport.New(transport.Options{
		Next: t.opts.Transport, Base: s.cfg.HTTPClient, Jobs: t.opts.Env.Jobs,
		Budget: t.opts.Env.Budget, StallTimeout: t.opts.StallTimeout,
		MaxAttempts: t.opts.MaxAttempts, MaxBackoff: t.opts.MaxBackoff, GiveUp: t.opts.Env.GiveUp, Silent: t.tellSilence, Waiting: t.logWait,
	})
	return awss3.NewFromConfig(s.cfg, func(o *awss3.Options) { t.adjust(o, s) })
}

func (t *Tree) adjust(o *awss3.Options, s setup) {
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
	o.EndpointOptions.DisableHTTPS = s.noHTTPS
	o.HTTPClient = t.transport.Client()
	o.Retryer = t.transport.Retryer()
	o.RequestChecksumCalculation = s.checksums()
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.DisableLogOutputChecksumValidationSkipped = true
}

// tellSilence says that the store gives no answer.
func (t *Tree) tellSilence(cause error) {
	t.opts.Env.Logger().Warn("no answer from the store: waiting", "store", t.name, "error", t.plain(cause))
}

// logWait logs that a request is going to be tried again.
func (t *Tree) logWait(ctx context.Context, w core.Wait) {
	w.For = t.server()
	w.Log(ctx, t.opts.Env.Logger())
}

// server names the server for a person.
func (t *Tree) server() string {
	if u, err := url.Parse(t.Endpoint()); err == nil && u.Host != "" {
		return u.Host
	}
	return t.name
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

// newSender makes the sender of all requests but those for credentials, and what
// stands on it.
func (t *Tree) newSender(ctx context.Context, s setup) (err error) {
	o := t.client.Options()
	if t.can, err = ability.New(t.opts.Has, t.opts.Lacks, t.memory(ctx, o)); err != nil {
		return err
	}
	t.wire, err = wire.New(ctx, wire.Options{
		SDK: o, Bucket: t.bucketName, Transport: t.transport, Can: t.can,
		RequesterPays: t.opts.RequesterPays, Reload: t.reload,
		Checksums: s.wantsChecksums || t.express, NoMD5: t.express,
	})
	t.uploads = &upload.Uploader{
		Sender: t.wire, Buffers: t.opts.Env.Buffers, Log: t.opts.Env.Logger(), Opaque: t.express,
		Records: upload.OpenRecords(t.opts.StateDir, t.where("aws ")+" "+t.bucketName),
	}
	t.objects = &objects.Store{Sender: t.wire, Can: t.can, Header: t.objectHeader(s), Parallel: max(t.opts.Env.Jobs, 4)}
	t.uploads.Objects = t.objects
	t.site = &website.Site{Sender: t.wire, Bucket: t.bucketName, Prefix: t.prefix, Explain: t.plain}
	return err
}

// reload reads the configuration again: the credentials in it may be newer.
func (t *Tree) reload(ctx context.Context) (aws.CredentialsProvider, error) {
	s, err := configure(ctx, t.opts)
	return s.cfg.Credentials, err
}

// objectHeader is what every new object has.
func (t *Tree) objectHeader(s setup) http.Header {
	r := wire.NewRequest("", "")
	r.Set(wire.Encryption, s.sse)
	r.Set(wire.EncryptionKey, s.kmsKey)
	r.Set(wire.ACL, t.opts.ACL)
	r.Set(wire.StorageClass, t.opts.StorageClass)
	return r.Header
}

// memory is where it is kept for a week what saves time and the store lacks.
func (t *Tree) memory(ctx context.Context, o awss3.Options) *ability.Memory {
	if t.opts.StateDir == "" {
		return nil
	}
	account := ""
	if o.Credentials != nil {
		if creds, err := o.Credentials.Retrieve(ctx); err == nil {
			account = creds.AccessKeyID
		}
	}
	return ability.OpenMemory(t.opts.StateDir, t.where("aws "), t.bucketName, account)
}
