package s3server

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"

	"github.com/johannesboyne/gofakes3"
)

// Codes that gofakes3 does not know.
const (
	errEntityTooSmall     gofakes3.ErrorCode = "EntityTooSmall"
	errInvalidRedirect    gofakes3.ErrorCode = "InvalidRedirectLocation"
	errInvalidRequest     gofakes3.ErrorCode = "InvalidRequest"
	errInvalidPartNumber  gofakes3.ErrorCode = "InvalidPartNumber"
	errNoSuchWebsite      gofakes3.ErrorCode = "NoSuchWebsiteConfiguration"
	errSHA256Mismatch     gofakes3.ErrorCode = "XAmzContentSHA256Mismatch"
	errSlowDown           gofakes3.ErrorCode = "SlowDown"
	errBucketAlreadyOwned gofakes3.ErrorCode = "BucketAlreadyOwnedByYou"
)

// statusOf is the HTTP status that AWS sends with a code.
func statusOf(code gofakes3.ErrorCode) int {
	switch code {
	case errEntityTooSmall, errInvalidRedirect, errInvalidRequest, errSHA256Mismatch:
		return http.StatusBadRequest
	case errInvalidPartNumber:
		return http.StatusRequestedRangeNotSatisfiable
	case errNoSuchWebsite:
		return http.StatusNotFound
	case errSlowDown:
		return http.StatusServiceUnavailable
	case errBucketAlreadyOwned:
		return http.StatusConflict
	case gofakes3.ErrMethodNotAllowed:
		return http.StatusMethodNotAllowed
	}
	return code.Status()
}

// describe turns any error into an answer. One without a code is either a body that
// broke off or a fault of the store, whose text is worth seeing.
func describe(err error) *gofakes3.ErrorResponse {
	var resp *gofakes3.ErrorResponse
	if errors.As(err, &resp) {
		return resp
	}
	var coded interface {
		error
		ErrorCode() gofakes3.ErrorCode
	}
	switch {
	case errors.As(err, &coded):
		code := coded.ErrorCode()
		msg := code.Message()
		if msg == "" {
			msg = string(code)
		}
		return &gofakes3.ErrorResponse{Code: code, Message: msg}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &gofakes3.ErrorResponse{Code: gofakes3.ErrIncompleteBody, Message: "The body ended before its Content-Length"}
	}
	return &gofakes3.ErrorResponse{Code: gofakes3.ErrInternal, Message: err.Error()}
}

// drained is how much in bytes of an unwanted body is read, so that a client
// which is still sending gets the answer and not a broken connection.
const drained = 64 << 20

// fail answers a request with an error. A client that waits to be asked for
// the body is not asked.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, drained)
	}
	resp := describe(err)
	answerXML(w, r, statusOf(resp.Code), resp)
}

// answerXML sends v as the body of an answer, or none to a HEAD.
func answerXML(w http.ResponseWriter, r *http.Request, status int, v any) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Del("Content-Length")
	w.WriteHeader(status)
	if r.Method == http.MethodHead || status == http.StatusNotModified {
		return
	}
	b, err := xml.Marshal(v)
	if err != nil {
		panic("s3server: an answer cannot be encoded: " + err.Error()) // plain structs only
	}
	_, _ = w.Write(append([]byte(xml.Header), b...))
}
