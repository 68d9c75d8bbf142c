package s3server

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/johannesboyne/gofakes3"
)

type handler struct {
	store  Store
	inner  http.Handler // gofakes3 over the same store
	quirks quirkSet
}

// Handler returns an S3 server over backend, addressed by path. A backend that
// is a [Store] is used as it is; any other is made into one, with its writes
// one after another and its multipart uploads in memory. Signatures are not
// checked, and only the quirks of the handler itself have an effect. It is safe for
// concurrent use.
func Handler(backend gofakes3.Backend, quirks ...Quirk) http.Handler {
	return newHandler(backend, quirkSetOf(quirks))
}

// quirkSetOf returns the sum of quirks.
func quirkSetOf(quirks []Quirk) quirkSet {
	var b quirkSet
	for _, q := range quirks {
		if q.set != nil {
			q.set(&b)
		}
	}
	return b
}

func newHandler(backend gofakes3.Backend, quirks quirkSet) *handler {
	store, ok := backend.(Store)
	if !ok {
		store = newAnyStore(backend)
	}
	inner := gofakes3.New(store, gofakes3.WithoutVersioning(), gofakes3.WithTimeSkewLimit(0))
	return &handler{store: store, inner: inner.Server(), quirks: quirks}
}

// An operation answers one kind of request. If it returns an error, it has written
// nothing, and the error is for the client.
type operation func(w http.ResponseWriter, r *http.Request, bucket, key string) error

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amz-Request-Id", fmt.Sprintf("%016X", requests.Add(1)))
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if err := h.serve(w, r, bucket, key); err != nil {
		fail(w, r, err)
	}
}

// requests counts the requests of all handlers: each answer has an ID of its
// request, as with AWS.
var requests atomic.Uint64

func (h *handler) serve(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	if err := checkSubresource(r, key); err != nil {
		return err
	}
	op := h.bucketOperation(r)
	if key != "" {
		if err := checkKey(key); err != nil {
			return err
		}
		op = h.objectOperation(r)
	}
	if bucket == "" || op == nil {
		h.inner.ServeHTTP(w, r)
		return nil
	}
	exists, err := h.store.BucketExists(bucket)
	if err != nil {
		return err
	}
	if !exists {
		return gofakes3.BucketNotFound(bucket)
	}
	return op(w, r, bucket, key)
}

// bucketOperation returns the operation for a request on a bucket, or nil if
// gofakes3 answers it.
func (h *handler) bucketOperation(r *http.Request) operation {
	q := r.URL.Query()
	switch {
	case q.Has("website"):
		return h.websiteConfig
	case r.Method == http.MethodPost && q.Has("delete"):
		return h.deleteObjects
	case r.Method == http.MethodGet && !q.Has("uploads") && !q.Has("location") && !q.Has("versioning"):
		return h.list
	}
	return nil
}

// objectOperation returns the operation for a request on an object, or nil if
// gofakes3 answers it.
func (h *handler) objectOperation(r *http.Request) operation {
	q := r.URL.Query()
	copies := r.Header.Get(copySource) != ""
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		return h.createUpload
	case r.Method == http.MethodPost && q.Has("uploadId"):
		return h.completeUpload
	case r.Method == http.MethodPut && q.Has("uploadId") && copies:
		return h.copyPart
	case r.Method == http.MethodPut && q.Has("uploadId"):
		return h.uploadPart
	case q.Has("uploadId"):
		return nil
	case r.Method == http.MethodPut && copies:
		return h.copyObject
	case r.Method == http.MethodPut:
		return h.putObject
	case r.Method == http.MethodDelete:
		return h.deleteObject
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		return h.read
	}
	return nil
}
