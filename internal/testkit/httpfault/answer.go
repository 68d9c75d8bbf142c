package httpfault

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
)

// refuse answers with an error of S3, and does nothing.
func refuse(status int, code string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the client is there to hear it
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>injected</Message></Error>", code)
	}
}

// done does what is asked, and returns the answer.
func done(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	return rec
}

// after does what is asked, and then answers as serve does.
func after(serve func(http.ResponseWriter, *http.Request, http.Handler)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		done(r, next)
		serve(w, r, next)
	}
}

// reset ends the connection as a crashed machine does.
func reset(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // sends RST
	}
	_ = conn.Close()
}

// cutUp ends the connection in the middle of the request's body.
func cutUp(w http.ResponseWriter, r *http.Request, next http.Handler) {
	_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
	reset(w, r, next)
}

// begin sends an answer's header, with this length, and the first n bytes of its
// body.
func begin(w http.ResponseWriter, rec *httptest.ResponseRecorder, length, n int) {
	maps.Copy(w.Header(), rec.Header())
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()[:n])
	_ = http.NewResponseController(w).Flush()
}

// cutDown ends the connection in the middle of the answer's body.
func cutDown(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := done(r, next)
	if size := rec.Body.Len(); size > 1 && r.Method != http.MethodHead {
		begin(w, rec, size, size/2)
	}
	panic(http.ErrAbortHandler)
}

// tooLong promises more than there is.
func tooLong(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := done(r, next)
	begin(w, rec, rec.Body.Len()+10, rec.Body.Len())
	panic(http.ErrAbortHandler)
}

// tooShort promises less than there is, and keeps to that.
func tooShort(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := done(r, next)
	begin(w, rec, rec.Body.Len()/2, rec.Body.Len()/2)
}

// stall stops in the middle of the answer's body, and does not go on.
func stall(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := done(r, next)
	if size := rec.Body.Len(); size > 1 && r.Method != http.MethodHead {
		begin(w, rec, size, size/2)
	}
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// silence reads the request, and does not answer.
func silence(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client go
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// portal is what stands between a guest and the Internet: it says yes to all.
func portal(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // as above
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html><head><title>Welcome</title></head><body>Please log in.</body></html>")
}

// nothing says yes with an empty answer.
func nothing(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // as above
	w.WriteHeader(http.StatusOK)
}
