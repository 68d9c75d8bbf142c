package wire

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// ErrNotS3 is an answer that says yes and is not one of S3's. Networks with a
// login page give such answers, and so does an endpoint that is something else:
// taken at its word, a listing would be empty, and everything be deleted.
var ErrNotS3 = core.Transient(errors.New("this is no answer of S3: check the endpoint, and that no login page or proxy answers in its place"))

// Error is the store's refusal of a request.
type Error struct {
	Status  int    // of HTTP
	Code    string // as S3 names it (NoSuchKey); empty if the body has none
	Message string // in the store's words
	Region  string // the bucket's, if the store says that it is another one
	Header  http.Header

	guessed bool // the body is empty, and Code is made of the status
}

// Unwrap returns the sentinel that fits the refusal ([fs.ErrNotExist],
// [fs.ErrPermission], [core.ErrChanged], …), or nil.
func (e *Error) Unwrap() error {
	if e.Code == "InvalidRequest" && pathConflict.MatchString(e.Message) {
		return core.ErrConflict
	}
	return KindOf(e.Status, e.Code)
}

// pathConflict are the words of rclone serve s3 for a/b beside a, which has no code of
// its own there.
var pathConflict = regexp.MustCompile(`^(Directory|Object name) ".*" is the name of an? (object|directory)$`)

// KindOf returns the sentinel for a refusal with a status and a code, or nil. A
// status of 0 is unknown.
func KindOf(status int, code string) error {
	switch code {
	case "NoSuchBucket":
		return fs.ErrNotExist
	case "BadDigest", "XAmzContentChecksumMismatch", "IncompleteBody":
		return core.ErrCorrupt
	case "ObjectParentIsFile", "ExistingObjectIsDirectory", "XMinioObjectExistsAsDirectory", "XMinioParentIsObject":
		return core.ErrConflict
	case "KeyTooLongError":
		return core.ErrUnsupportedKey
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AccessDenied":
		return fs.ErrPermission
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return nil
	case "PreconditionFailed":
		return core.ErrChanged
	}
	switch status {
	case http.StatusNotFound:
		return fs.ErrNotExist
	case http.StatusPreconditionFailed:
		return core.ErrChanged
	case http.StatusForbidden, http.StatusUnauthorized:
		return fs.ErrPermission
	}
	return nil
}

// Error implements error.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// HTTPStatusCode returns the status, for the SDK's retryer.
func (e *Error) HTTPStatusCode() int { return e.Status }

// ErrorCode returns the code.
func (e *Error) ErrorCode() string { return e.Code }

// SendError is a request that got no answer.
type SendError struct{ Err error }

// Error implements error.
func (e *SendError) Error() string { return e.Err.Error() }

// Unwrap returns the error of net/http.
func (e *SendError) Unwrap() error { return e.Err }

// ConnectionError tells the SDK's retryer that another try may help.
func (e *SendError) ConnectionError() bool { return true }

// BrokenError is an answer whose body broke off or cannot be parsed.
type BrokenError struct{ Err error }

// Error implements error.
func (e *BrokenError) Error() string { return "the store's answer cannot be read: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *BrokenError) Unwrap() error { return e.Err }

// RetryableError tells the SDK's retryer that another try may help.
func (e *BrokenError) RetryableError() bool { return true }

// HasStatus reports whether err is a refusal with this status.
func HasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// CodeOf returns the store's code in err, or "".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// errorBody is the body of a refusal.
type errorBody struct {
	XMLName               xml.Name `xml:"Error"`
	Code, Message, Region string
}

// refusal reads the error that resp is, and closes its body. cut says that the body
// broke off before its code, as where a server closes the connection before it has
// read all of a request.
func refusal(resp *http.Response) (refused *Error, cut bool) {
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxDrain)) // a part of it is enough
	_ = resp.Body.Close()
	e := parseError(b)
	e.Status, e.Header = resp.StatusCode, resp.Header
	if region := resp.Header.Get("X-Amz-Bucket-Region"); region != "" {
		e.Region = region
	}
	if e.Code == "" && len(b) == 0 {
		e.Message, e.guessed = http.StatusText(resp.StatusCode), true
		e.Code = strings.ReplaceAll(e.Message, " ", "")
	}
	return e, err != nil && (e.Code == "" || e.guessed)
}

// parseError reads the body of a refusal; a proxy's page has no code.
func parseError(b []byte) *Error {
	var doc errorBody
	_ = xml.Unmarshal(b, &doc) // as above
	return &Error{Code: doc.Code, Message: doc.Message, Region: doc.Region}
}
