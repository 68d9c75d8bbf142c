package s3server

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/johannesboyne/gofakes3"
)

type handler struct {
	store Store
	inner http.Handler // gofakes3 over the same store
	is    behaviour
}

// Handler returns an S3 server over backend, addressed by path. A backend that
// is a [Store] is used as it is; any other is made into one, with its writes
// one after another and its multipart uploads in memory. Signatures are not
// checked, and of quirks only those of the handler itself count. It is safe for
// concurrent use.
func Handler(backend gofakes3.Backend, quirks ...Quirk) http.Handler {
	return newHandler(backend, behaviourOf(quirks))
}

// behaviourOf adds quirks up.
func behaviourOf(quirks []Quirk) behaviour {
	var b behaviour
	for _, q := range quirks {
		if q.set != nil {
			q.set(&b)
		}
	}
	return b
}

func newHandler(backend gofakes3.Backend, is behaviour) *handler {
	store, ok := backend.(Store)
	if !ok {
		store = newAnyStore(backend)
	}
	inner := gofakes3.New(store, gofakes3.WithoutVersioning(), gofakes3.WithTimeSkewLimit(0))
	return &handler{store: store, inner: inner.Server(), is: is}
}

// An operation answers one kind of request. What it returns is an error for
// the client, and then nothing was written yet.
type operation func(w http.ResponseWriter, r *http.Request, bucket, key string) error

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amz-Request-Id", fmt.Sprintf("%016X", requests.Add(1)))
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if err := h.serve(w, r, bucket, key); err != nil {
		fail(w, r, err)
	}
}

// requests counts what handlers were asked: each answer names its request, as AWS
// does.
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

// bucketOperation returns what answers a request for a bucket, nil for
// gofakes3.
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

// objectOperation returns what answers a request for an object, nil for
// gofakes3.
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
