package transport

import (
	"net/http"

	"github.com/s3fc/s3fc/core"
)

// classify returns the class that the store prices a request in, and whether
// it is the abort of an upload, which no budget may stop.
func classify(req *http.Request) (class core.Class, abort bool) {
	q := req.URL.Query()
	switch req.Method {
	case http.MethodHead:
		return core.ClassHead, false
	case http.MethodGet:
		if q.Get("list-type") == "2" || q.Has("uploads") || q.Has("versions") {
			return core.ClassList, false
		}
		return core.ClassGet, false
	case http.MethodDelete:
		return core.ClassDelete, q.Has("uploadId")
	case http.MethodPost:
		if q.Has("delete") {
			return core.ClassDelete, false
		}
	case http.MethodPut:
		if req.Header.Get("X-Amz-Copy-Source") != "" {
			return core.ClassCopy, false
		}
	}
	return core.ClassPut, false
}
