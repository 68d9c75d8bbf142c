package s3server

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Quirks of reads.
var (
	// Chunked answers every GET in chunks, without its length.
	Chunked = Quirk{
		Name: "no lengths: chunked", Case: "A7", Stores: "Cloudflare's edge, jsdelivr/jsdelivr#18661; localstack/localstack#8845; Intrinsec/s3proxy#49",
		layer: proxyLayer, wrap: around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(withoutLength(w, r, http.MethodGet, nil), r)
		}),
	}
	// CloseDelimited answers every GET without its length and ends it with the
	// connection.
	CloseDelimited = Quirk{
		Name: "no lengths: until the connection closes", Case: "A7", Stores: "proxies that speak HTTP/1.0 to the store",
		layer: proxyLayer, wrap: around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(withoutLength(w, r, http.MethodGet, http.Header{"Transfer-Encoding": {"identity"}}), r)
		}),
	}
	// HeadWithoutLength answers HEAD without a length.
	HeadWithoutLength = Quirk{
		Name: "no lengths: HEAD", Case: "A7", Stores: "Cloudflare R2, async-aws/aws#2077; minio/minio#19259; scireum/s3ninja#209; nginx, minio/minio-hs#151",
		layer: proxyLayer, wrap: around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(withoutLength(w, r, http.MethodHead, nil), r)
		}),
	}
	// InflatesGzip inflates objects with Content-Encoding: gzip unless the request
	// accepts gzip.
	InflatesGzip = Quirk{
		Name: "gzip inflated", Case: "A24", Stores: "Google Cloud Storage",
		wrap: around(inflate),
	}
	// GzipsText compresses text on its way if the request accepts gzip.
	GzipsText = Quirk{
		Name: "text compressed", Case: "A24", Stores: "nginx with gzip, and content delivery networks",
		layer: proxyLayer, wrap: around(compress),
	}
	// IgnoresRange answers a GET of a range with the whole object.
	IgnoresRange = Quirk{
		Name: "ranges ignored", Stores: "basho/riak_cs#304; Google Cloud Storage while it inflates",
		wrap: around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.Header.Del("Range")
			next.ServeHTTP(w, r)
		}),
	}
	// RefusesRange answers a GET of a range with 501.
	RefusesRange = Quirk{
		Name: "ranges refused", Stores: "no store known by name",
		wrap: refusing(func(r *http.Request) *refusal {
			if r.Header.Get("Range") == "" {
				return nil
			}
			return notImplemented("A header you provided implies functionality that is not implemented: Range")
		}),
	}
)

// ClosesEarly closes the connection in good order in the middle of an object,
// the first n times that each key is read.
func ClosesEarly(n int) Quirk {
	return Quirk{
		Name: "connection closed early", Case: "A8", Stores: "load balancers that are reloaded",
		layer: wireLayer,
		wrap: func(_ *Server, next http.Handler) http.Handler {
			var mu sync.Mutex
			cuts := make(map[string]int)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !readsObject(r) {
					next.ServeHTTP(w, r)
					return
				}
				a := record(next, r)
				mu.Lock()
				cut := a.body.Len() > 1 && cuts[r.URL.Path] < n
				if cut {
					cuts[r.URL.Path]++
				}
				mu.Unlock()
				if cut {
					a.cut(w)
					return
				}
				a.send(w)
			})
		},
	}
}

func readsObject(r *http.Request) bool {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return r.Method == http.MethodGet && key != ""
}

// inflate answers with inflated content and without its length.
func inflate(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !readsObject(r) || accepts(r, "gzip") {
		next.ServeHTTP(w, r)
		return
	}
	whole := r.Clone(r.Context())
	a := record(next, whole)
	if a.header.Get("Content-Encoding") != "gzip" {
		a.send(w)
		return
	}
	whole.Header.Del("Range") // there are no ranges of inflated content
	a = record(next, whole)
	content, err := gunzip(a.body.Bytes())
	if err != nil {
		a.send(w)
		return
	}
	for _, name := range []string{"Content-Encoding", "Content-Length"} {
		a.header.Del(name)
	}
	a.header.Set("X-Goog-Stored-Content-Encoding", "gzip")
	a.header.Set("Warning", "214 UploadServer gunzipped")
	a.body = *bytes.NewBuffer(content)
	a.send(withoutLength(w, r, http.MethodGet, nil))
}

func gunzip(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// compress answers with compressed text, a weak ETag and no length.
func compress(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !readsObject(r) || !accepts(r, "gzip") || r.Header.Get("Range") != "" {
		next.ServeHTTP(w, r)
		return
	}
	a := record(next, r)
	if a.status != http.StatusOK || a.header.Get("Content-Encoding") != "" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/") {
		a.send(w)
		return
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(a.body.Bytes()) // a buffer takes all
	_ = z.Close()                  // as above
	a.header.Del("Content-Length")
	a.header.Set("Content-Encoding", "gzip")
	a.header.Set("Vary", "Accept-Encoding")
	if etag := a.header.Get("ETag"); etag != "" {
		a.header.Set("ETag", "W/"+etag)
	}
	a.body = b
	a.send(withoutLength(w, r, http.MethodGet, nil))
}

// accepts reports whether a request accepts a content coding.
func accepts(r *http.Request, coding string) bool {
	return strings.Contains(strings.Join(r.Header["Accept-Encoding"], ","), coding)
}
