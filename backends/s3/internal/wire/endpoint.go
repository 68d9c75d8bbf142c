package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/auth"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
)

// endpoint is where a bucket answers, and how requests to it are signed.
type endpoint struct {
	url     url.URL // ends without a slash
	header  http.Header
	scheme  scheme
	service string
	region  string
	props   smithy.Properties // of the signer
}

// scheme is a way to sign.
type scheme string

const (
	sigV4   scheme = "sigv4"
	sigV4A  scheme = "sigv4a"          // for more than one region: multi-region access points
	express scheme = "sigv4-s3express" // by a session: directory buckets
)

// resolve asks the SDK's endpoint rules for a bucket in a region.
func resolve(ctx context.Context, o awss3.Options, bucket, region string) (endpoint, error) {
	at, err := o.EndpointResolverV2.ResolveEndpoint(ctx, awss3.EndpointParameters{
		Bucket: &bucket, Region: &region, Endpoint: o.BaseEndpoint,
		UseFIPS:        aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack:   aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		ForcePathStyle: &o.UsePathStyle, Accelerate: &o.UseAccelerate,
		DisableMultiRegionAccessPoints: &o.DisableMultiRegionAccessPoints, UseArnRegion: &o.UseARNRegion,
		DisableS3ExpressSessionAuth: o.DisableS3ExpressSessionAuth,
	}.WithDefaults())
	if err != nil {
		return endpoint{}, fmt.Errorf("there is no endpoint for bucket %q: %w", bucket, err)
	}
	e := endpoint{url: at.URI, header: at.Headers}
	if o.EndpointOptions.DisableHTTPS && o.BaseEndpoint == nil {
		e.url.Scheme = "http"
	}
	e.url.Path = strings.TrimSuffix(e.url.Path, "/")
	e.url.RawPath = format.EscapePath(e.url.Path)
	return e, e.choose(&at.Properties, region)
}

// choose takes one of the ways to sign that the rules offer. Where there are two,
// as for S3 on Outposts, the one for a single region takes less CPU.
func (e *endpoint) choose(offered *smithy.Properties, region string) error {
	options, _ := auth.GetAuthOptions(offered)
	for _, want := range []scheme{sigV4, express, sigV4A} {
		for _, o := range options {
			if scheme(o.SchemeID) == want {
				return e.take(o, region)
			}
		}
	}
	return errors.New("this endpoint wants requests to be signed in a way that is not known here")
}

func (e *endpoint) take(o *auth.Option, region string) error {
	e.scheme, e.props = scheme(o.SchemeID), o.SignerProperties
	e.service, _ = smithyhttp.GetSigV4SigningName(&o.SignerProperties)
	if e.service == "" {
		e.service, _ = smithyhttp.GetSigV4ASigningName(&o.SignerProperties)
	}
	if e.region, _ = smithyhttp.GetSigV4SigningRegion(&o.SignerProperties); e.region == "" {
		e.region = region
	}
	if e.service == "" {
		return errors.New("this endpoint does not say which service requests are signed for")
	}
	return nil
}

// to returns the URL of a key, or of the bucket.
func (e *endpoint) to(key string, query url.Values) url.URL {
	u := e.url
	if key != "" || u.Path == "" {
		u.Path += "/" + key
		u.RawPath += "/" + format.EscapePath(key)
	}
	u.RawQuery = query.Encode()
	return u
}

// secure reports whether requests go over TLS.
func (e *endpoint) secure() bool { return e.url.Scheme == "https" }
