package s3server

import (
	"net/http"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// read lets gofakes3 answer a GET or HEAD of an object, and corrects the headers.
func (h *handler) read(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	inner := r.Clone(r.Context())
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		inner.Header.Del(name)
	}
	a := &readAnswer{ResponseWriter: w, h: h, r: r}
	if r.URL.Query().Has("partNumber") {
		if err := h.readPart(w, r, inner, bucket, key); err != nil {
			return err
		}
	}
	h.inner.ServeHTTP(a, inner)
	if !a.started {
		a.WriteHeader(http.StatusOK) // gofakes3 writes nothing for an empty object
	}
	return nil
}

// A readAnswer corrects an answer of gofakes3 while it is sent.
type readAnswer struct {
	http.ResponseWriter
	h       *handler
	r       *http.Request
	started bool
	discard bool // the rest of gofakes3's answer
}

// WriteHeader corrects the headers, or sends another answer if a condition of the
// request fails. gofakes3 calls it a second time when it cannot send all of the
// content; the connection is cut then, so that the client does not take the error
// for content.
func (a *readAnswer) WriteHeader(status int) {
	if a.started {
		panic(http.ErrAbortHandler)
	}
	a.started = true
	header := a.Header()
	if status >= http.StatusBadRequest {
		clearObject(header)
		header.Del("Content-Length") // the object's, if gofakes3 fails to read it
		header.Set("Content-Type", "application/xml")
		a.ResponseWriter.WriteHeader(status)
		return
	}
	a.correct(header)
	switch readStatus(a.r, header) {
	case http.StatusNotModified:
		a.discard = true
		status = http.StatusNotModified
		header.Del("Content-Length")
	case http.StatusPreconditionFailed:
		a.discard = true
		clearObject(header)
		fail(a.ResponseWriter, a.r, gofakes3.ErrPreconditionFailed)
		return
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *readAnswer) Write(p []byte) (int, error) {
	if !a.started {
		a.WriteHeader(http.StatusOK)
	}
	if a.discard {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// correct corrects the headers of an object.
func (a *readAnswer) correct(header http.Header) {
	etag := unquote(header.Get("ETag"))
	if own := header.Get(ETagKey); own != "" {
		etag = own
	}
	a.h.quirks.setETag(header, etag)
	header.Del(ETagKey)
	header.Del(PartsKey)
	if header.Get("X-Amz-Storage-Class") == "STANDARD" {
		header.Del("X-Amz-Storage-Class") // AWS names only the others
	}
	a.h.quirks.showEncryption(header)
	for name, v := range header {
		if strings.HasPrefix(name, metaPrefix) {
			delete(header, name)
			header[strings.ToLower(name)] = v
		}
	}
}

// clearObject removes an object's headers from an answer that became an error.
func clearObject(header http.Header) {
	for name := range header {
		canonical := http.CanonicalHeaderKey(name)
		if strings.HasPrefix(canonical, metaPrefix) || canonical == "Content-Range" || canonical == "Etag" || canonical == "Last-Modified" {
			delete(header, name)
		}
	}
	for _, name := range systemHeaders {
		header.Del(name)
	}
}
