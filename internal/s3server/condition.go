package s3server

import (
	"net/http"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// CheckConditions returns an error if the conditions of a write fail for the object
// at its key, which exists or not and has this ETag, without quotes. A nil cond
// never fails.
func CheckConditions(cond *gofakes3.PutConditions, exists bool, etag string) error {
	switch {
	case cond == nil:
		return nil
	case cond.IfNoneMatch != nil && exists:
		return gofakes3.ErrPreconditionFailed
	case cond.IfMatch != nil && !exists:
		return gofakes3.ErrorMessage(gofakes3.ErrNoSuchKey, "The specified key does not exist.")
	case cond.IfMatch != nil && !sameETag(*cond.IfMatch, etag):
		return gofakes3.ErrPreconditionFailed
	}
	return nil
}

// writeConditions reads the conditions of a write. AWS takes If-None-Match
// with an asterisk, or If-Match with an ETag.
func (h *handler) writeConditions(in http.Header) (*gofakes3.PutConditions, error) {
	match, none := in.Get("If-Match"), in.Get("If-None-Match")
	switch {
	case match == "" && none == "" || h.quirks.ignore.writes:
		return nil, nil
	case h.quirks.noConditions, match != "" && none != "", match == "*", none != "" && none != "*":
		return nil, gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "A header you provided implies functionality that is not implemented")
	case none != "":
		return &gofakes3.PutConditions{IfNoneMatch: &none}, nil
	}
	match = h.quirks.ifMatch(match)
	return &gofakes3.PutConditions{IfMatch: &match}, nil
}

// readStatus is the status of a GET or HEAD that would be answered with this
// header: 200 (go on), 304 or 412.
func readStatus(r *http.Request, answer http.Header) int {
	etag := answer.Get("ETag")
	modified, _ := http.ParseTime(answer.Get("Last-Modified"))
	in := r.Header
	switch {
	case in.Get("If-Match") != "":
		if !listed(in.Get("If-Match"), etag) {
			return http.StatusPreconditionFailed
		}
	case after(modified, in.Get("If-Unmodified-Since")):
		return http.StatusPreconditionFailed
	}
	switch none := in.Get("If-None-Match"); {
	case none != "":
		if listed(none, etag) {
			return http.StatusNotModified
		}
	case in.Get("If-Modified-Since") != "" && !after(modified, in.Get("If-Modified-Since")):
		return http.StatusNotModified
	}
	return http.StatusOK
}

// listed reports whether a list of ETags, or an asterisk, names etag.
func listed(list, etag string) bool {
	for v := range strings.SplitSeq(list, ",") {
		if v = strings.TrimSpace(v); v == "*" || sameETag(v, etag) {
			return true
		}
	}
	return false
}

// after reports whether t is after the time in a header; never if that is none.
func after(t time.Time, header string) bool {
	limit, err := http.ParseTime(header)
	return err == nil && t.After(limit)
}
