package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3fc/s3fc/core"
)

const (
	emptyHash    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	unsignedHash = "UNSIGNED-PAYLOAD"

	contentSHA256 = "X-Amz-Content-Sha256"
	sessionToken  = "X-Amz-S3session-Token"
)

// signer signs requests with the SDK's signers and credentials. It is safe for
// concurrent use.
type signer struct {
	options     awss3.Options
	credentials *renewable // nil: nothing is signed
	v4          *v4.Signer
	bucket      string
}

func newSigner(o Options) *signer {
	s := &signer{options: o.SDK, bucket: o.Bucket, v4: v4.NewSigner(func(s *v4.SignerOptions) { s.DisableURIPathEscaping = true })}
	if o.SDK.Credentials != nil && !aws.IsCredentialsProvider(o.SDK.Credentials, (*aws.AnonymousCredentials)(nil)) {
		s.credentials = &renewable{provider: o.SDK.Credentials, reload: o.Reload}
		s.options.Credentials = s.credentials
	}
	return s
}

// anonymous reports whether nothing is signed.
func (s *signer) anonymous() bool { return s.credentials == nil }

// age returns how often there were new credentials.
func (s *signer) age() int {
	if s.anonymous() {
		return 0
	}
	_, age := s.credentials.current()
	return age
}

// sign signs req, whose headers must be those that the signature covers alone.
func (s *signer) sign(ctx context.Context, req *http.Request, e *endpoint, hash string, now time.Time) error {
	if s.anonymous() {
		return nil
	}
	req.Header[contentSHA256] = []string{hash}
	switch e.scheme {
	case express:
		return s.signExpress(ctx, req, e, hash, now)
	case sigV4A:
		return s.signV4A(ctx, req, e, hash)
	}
	creds, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return credentialsError(err)
	}
	return s.v4.SignHTTP(ctx, creds, req, hash, e.service, e.region, now)
}

// signExpress signs by the session of a directory bucket.
func (s *signer) signExpress(ctx context.Context, req *http.Request, e *endpoint, hash string, now time.Time) error {
	if s.options.ExpressCredentials == nil {
		return errors.New("there are no sessions for directory buckets")
	}
	creds, err := s.options.ExpressCredentials.Retrieve(ctx, s.bucket)
	if err != nil {
		return credentialsError(err)
	}
	req.Header[sessionToken] = []string{creds.SessionToken}
	return s.v4.SignHTTP(ctx, creds, req, hash, e.service, e.region, now, func(o *v4.SignerOptions) { o.DisableSessionToken = true })
}

// signV4A signs for more than one region.
func (s *signer) signV4A(ctx context.Context, req *http.Request, e *endpoint, hash string) error {
	for _, scheme := range s.options.AuthSchemes {
		if scheme.SchemeID() != "aws.auth#sigv4a" {
			continue
		}
		identities := scheme.IdentityResolver(s.options)
		if identities == nil {
			return errors.New("there are no credentials for requests that are signed for more than one region")
		}
		id, err := identities.GetIdentity(ctx, smithy.Properties{})
		if err != nil {
			return credentialsError(err)
		}
		return scheme.Signer().SignRequest(v4.SetPayloadHash(ctx, hash), &smithyhttp.Request{Request: req}, id, e.props)
	}
	return errors.New("requests cannot be signed for more than one region")
}

// CredentialsError is why there are no credentials to sign with.
type CredentialsError struct{ Err error }

func credentialsError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &CredentialsError{err}
}

// Error implements error.
func (e *CredentialsError) Error() string { return fmt.Sprintf("there are no credentials: %v", e.Err) }

// Unwrap returns the cause.
func (e *CredentialsError) Unwrap() error { return e.Err }

// CanceledError tells the SDK's retryer that another try would not help: the
// providers try again themselves.
func (e *CredentialsError) CanceledError() bool { return true }

// signed reports whether signatures cover a header: S3 insists on these, and
// anything else may be rewritten by a proxy.
func signed(name string) bool {
	return strings.HasPrefix(name, "X-Amz-") || name == ContentMD5 || name == ContentType
}

var sha256s = sync.Pool{New: func() any { return sha256.New() }}

// bodyHash returns the hash of a request's body for its signature. Over TLS the
// bodies of objects are not hashed.
func (s *signer) bodyHash(r *Request, e *endpoint) (string, error) {
	switch {
	case !r.hasBody() || s.anonymous():
		return emptyHash, nil
	case e.secure() && e.scheme != express && !r.document:
		return unsignedHash, nil
	}
	if err := r.rewind(); err != nil {
		return "", err
	}
	h := sha256s.Get().(hash.Hash)
	defer sha256s.Put(h)
	h.Reset()
	if _, err := io.CopyN(h, core.Unpaced(r.body), r.size); err != nil {
		return "", err
	}
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])), nil
}
