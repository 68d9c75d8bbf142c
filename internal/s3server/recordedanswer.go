package s3server

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// unsizedAnswer sends an answer without Content-Length.
type unsizedAnswer struct {
	http.ResponseWriter
	header http.Header // to be added
	begun  bool
}

func withoutLength(w http.ResponseWriter, r *http.Request, method string, header http.Header) http.ResponseWriter {
	if r.Method != method {
		return w
	}
	return &unsizedAnswer{ResponseWriter: w, header: header}
}

// WriteHeader sends the header at once: net/http would add the length of a short
// body.
func (u *unsizedAnswer) WriteHeader(status int) {
	if u.begun {
		return
	}
	u.begun = true
	u.Header().Del("Content-Length")
	maps.Copy(u.Header(), u.header)
	u.ResponseWriter.WriteHeader(status)
	if f, ok := u.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

func (u *unsizedAnswer) Write(p []byte) (int, error) {
	u.WriteHeader(http.StatusOK)
	return u.ResponseWriter.Write(p)
}

// A recordedAnswer stores an answer in memory.
type recordedAnswer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// record returns the answer of next.
func record(next http.Handler, r *http.Request) *recordedAnswer {
	a := &recordedAnswer{header: make(http.Header)}
	next.ServeHTTP(a, r)
	a.WriteHeader(http.StatusOK)
	return a
}

// Header implements [http.ResponseWriter].
func (a *recordedAnswer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *recordedAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *recordedAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// send sends the answer, without Content-Length if it has none.
func (a *recordedAnswer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	if f, ok := w.(http.Flusher); ok && a.header.Get("Content-Length") == "" {
		f.Flush()
	}
	_, _ = w.Write(a.body.Bytes())
}

// cut sends the header of the whole answer and half of its body, and closes the
// connection.
func (a *recordedAnswer) cut(w http.ResponseWriter) {
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic("s3server: no connection to close: " + err.Error())
	}
	defer conn.Close() //nolint:errcheck // As it is meant.
	half := a.body.Bytes()[:a.body.Len()/2]
	switch {
	case a.header.Get("Content-Length") != "":
	case a.header.Get("Transfer-Encoding") == "identity":
		a.header.Del("Transfer-Encoding")
		a.header.Set("Connection", "close")
	default:
		a.header.Set("Transfer-Encoding", "chunked")
		half = fmt.Appendf(nil, "%x\r\n%s\r\n", len(half), half)
	}
	if a.header.Get("Date") == "" { // which net/http adds to other answers
		a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	_, _ = fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	_ = a.header.Write(out)
	_, _ = fmt.Fprintf(out, "\r\n%s", half)
	_ = out.Flush()
}
