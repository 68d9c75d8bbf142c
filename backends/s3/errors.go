package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/s3fc/s3fc/backends/s3/internal/transport"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// An APIError is the store's refusal of a request, without the SDK's noise. It
// unwraps to a sentinel where one fits ([fs.ErrNotExist], [core.ErrChanged], …)
// and to the cause.
type APIError struct {
	Status    int    // of HTTP
	Code      string // as S3 has it: NoSuchKey, AccessDenied, …
	Message   string // in the store's words
	RequestID string // to name when asking the store's operator
	Hint      string // the remedy, or empty

	kind, cause error
}

// Error returns code, message and hint; the request's id too if the store is
// to blame.
func (e *APIError) Error() string {
	s := e.Code
	if e.Message != "" && e.Message != e.Code {
		s += ": " + e.Message
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	if e.Status >= 500 && e.RequestID != "" {
		s += " [request " + e.RequestID + "]"
	}
	return s
}

// Unwrap returns the sentinel, if one fits, and the cause.
func (e *APIError) Unwrap() []error {
	if e.kind == nil {
		return []error{e.cause}
	}
	return []error{e.kind, e.cause}
}

// fail returns err of an operation as an *core.Error in plain words. A nil err
// stays nil.
func (t *Tree) fail(op, key string, err error) error {
	var done *core.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &done):
		return err
	}
	return &core.Error{Op: op, Tree: t.name, Key: key, Err: explainer(t.bucketName).plain(err)}
}

// An explainer puts errors about the bucket that it names into plain words.
type explainer string

// plain takes the wrapping off err that tells a person nothing.
func (x explainer) plain(err error) error {
	var over *transport.BudgetError
	var api *APIError
	var cut *wire.BrokenError
	var creds *wire.CredentialsError
	var away *transport.UnreachableError
	switch {
	case errors.As(err, &over):
		return over.Err
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.As(err, &api):
		return err
	case errors.As(err, &cut):
		return cut
	case errors.As(err, &creds):
		return creds
	case errors.As(err, &away):
		return core.Final(away)
	}
	if api := x.apiError(err); api != nil && core.IsFinal(err) {
		return core.Final(api)
	} else if api != nil {
		return api
	}
	return unreachable(err)
}

// unreachable marks an error without an answer: of the network, or of the SDK
// before it can send.
func unreachable(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	var op *net.OpError
	var dns *net.DNSError
	host := u.URL
	if parsed, perr := url.Parse(u.URL); perr == nil {
		host = parsed.Host
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("there is no host %s: check the endpoint and the region: %w", host, u.Err)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("%s cannot be reached: check the endpoint: %w", host, u.Err)
	}
	return u.Err
}

func (x explainer) apiError(err error) *APIError {
	var refused *wire.Error
	if !errors.As(err, &refused) {
		return nil
	}
	e := &APIError{cause: err, Status: refused.Status, Code: refused.Code, Message: refused.Message}
	e.RequestID = refused.Header.Get("X-Amz-Request-Id")
	if e.Code == "" {
		e.Code = fmt.Sprintf("HTTP %d", e.Status)
	}
	e.kind, e.Hint = refused.Unwrap(), x.hint(refused)
	return e
}

// hint returns the remedy for a refusal, or "".
func (x explainer) hint(e *wire.Error) string {
	switch e.Code {
	case "NoSuchBucket":
		return fmt.Sprintf("bucket %q does not exist there; it has to be made first", string(x))
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return regionHint(string(x), e.Region)
	case "ObjectParentIsFile", "ExistingObjectIsDirectory", "XMinioObjectExistsAsDirectory", "XMinioParentIsObject":
		return "this store keeps keys as paths: add flat=false to the URL"
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken":
		return "the store does not accept these credentials"
	}
	if e.Status == http.StatusProxyAuthRequired {
		return "a proxy wants a password: write http://USER:PASSWORD@HOST:PORT in HTTP_PROXY"
	}
	if e.Status == http.StatusMovedPermanently {
		return regionHint(string(x), e.Region)
	}
	return ""
}

func regionHint(bucket, region string) string {
	if region != "" {
		return fmt.Sprintf("bucket %q is in another region: add region=%s to the URL", bucket, region)
	}
	return fmt.Sprintf("bucket %q is in another region: give the right one with region= in the URL", bucket)
}

// refused reports whether err is an answer of this status.
func refused(err error, status int) bool { return wire.HasStatus(err, status) }

// code returns the store's code in err, or "".
func code(err error) string { return wire.CodeOf(err) }
