package s3server

import (
	"net/http"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// read lets gofakes3 answer a GET or HEAD of an object, and corrects what it
// says of it.
func (h *handler) read(w http.ResponseWriter, r *http.Request, _, _ string) error {
	inner := r.Clone(r.Context())
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		inner.Header.Del(name)
	}
	a := &readAnswer{ResponseWriter: w, h: h, r: r}
	h.inner.ServeHTTP(a, inner)
	if !a.started {
		a.WriteHeader(http.StatusOK) // gofakes3 writes nothing for an empty object
	}
	return nil
}

// A readAnswer is an answer of gofakes3's on its way to the client.
type readAnswer struct {
	http.ResponseWriter
	h       *handler
	r       *http.Request
	started bool
	mute    bool // what follows is not for the client
}

// WriteHeader corrects the headers, and puts another answer in place of this
// one if a condition of the request does not hold. A second one is gofakes3's way
// to say that the content could not be sent to its end: then the connection is
// cut, lest the client takes the error for content.
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
		a.mute = true
		status = http.StatusNotModified
		header.Del("Content-Length")
	case http.StatusPreconditionFailed:
		a.mute = true
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
	if a.mute {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// correct puts right what gofakes3 says of an object.
func (a *readAnswer) correct(header http.Header) {
	etag := unquote(header.Get("ETag"))
	if own := header.Get(ETagKey); own != "" {
		etag = own
	}
	a.h.setETag(header, etag)
	header.Del(ETagKey)
	if header.Get("X-Amz-Storage-Class") == "STANDARD" {
		header.Del("X-Amz-Storage-Class") // AWS names only the others
	}
	a.h.showEncryption(header)
	for name, v := range header {
		if strings.HasPrefix(name, metaPrefix) {
			delete(header, name)
			header[strings.ToLower(name)] = v
		}
	}
}

// clearObject removes what belongs to an object from an answer that is an
// error after all.
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
