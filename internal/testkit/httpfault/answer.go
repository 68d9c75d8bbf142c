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

// refuse answers with an S3 error, and does nothing else.
func refuse(status int, code string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the client reads the answer
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>injected</Message></Error>", code)
	}
}

// record lets next answer, and returns the answer.
func record(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	return rec
}

// after lets next serve the request, and then answers by serve instead.
func after(serve func(http.ResponseWriter, *http.Request, http.Handler)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		record(r, next)
		serve(w, r, next)
	}
}

// reset resets the connection, like a machine that crashed.
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

// cutRequest resets the connection in the middle of the request's body.
func cutRequest(w http.ResponseWriter, r *http.Request, next http.Handler) {
	_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
	reset(w, r, next)
}

// sendPart sends an answer's header with this length, and the first n bytes of its
// body.
func sendPart(w http.ResponseWriter, rec *httptest.ResponseRecorder, length, n int) {
	maps.Copy(w.Header(), rec.Header())
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()[:n])
	_ = http.NewResponseController(w).Flush()
}

// cutAnswer breaks the connection in the middle of the answer's body.
func cutAnswer(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := record(r, next)
	if size := rec.Body.Len(); size > 1 && r.Method != http.MethodHead {
		sendPart(w, rec, size, size/2)
	}
	panic(http.ErrAbortHandler)
}

// tooLong sends a Content-Length above that of the body.
func tooLong(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := record(r, next)
	sendPart(w, rec, rec.Body.Len()+10, rec.Body.Len())
	panic(http.ErrAbortHandler)
}

// tooShort sends the first half of an answer with the length of that half.
func tooShort(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := record(r, next)
	sendPart(w, rec, rec.Body.Len()/2, rec.Body.Len()/2)
}

// endEarly closes the connection in good order in the middle of the answer's body.
func endEarly(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := record(r, next)
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close() //nolint:errcheck // The fault itself.
	body := rec.Body.Bytes()
	if r.Method != http.MethodHead {
		rec.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	rec.Header().Set("Connection", "close")
	_, _ = fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", rec.Code, http.StatusText(rec.Code))
	_ = rec.Header().Write(out)
	_, _ = fmt.Fprintf(out, "\r\n%s", body[:len(body)/2])
	_ = out.Flush()
}

// stall stops in the middle of the answer's body, for ever.
func stall(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := record(r, next)
	if size := rec.Body.Len(); size > 1 && r.Method != http.MethodHead {
		sendPart(w, rec, size, size/2)
	}
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// silence reads the request and never answers.
func silence(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // so that the server notices the end of the connection
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// loginPage answers 200 with a page, like the captive portal of a hotel.
func loginPage(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // as above
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html><head><title>Welcome</title></head><body>Please log in.</body></html>")
}

// loginRedirect redirects to a page of another site, like the gate of a company's
// network. S3 redirects requests with 301 and 307 alone.
func loginRedirect(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // as above
	w.Header().Set("Location", "https://login.example/?from="+r.URL.Path)
	w.WriteHeader(http.StatusFound)
}

// maySucceedLate reports whether S3 may answer 200 before it knows the outcome.
func maySucceedLate(r *http.Request) bool {
	completes := r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
	return completes || r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != ""
}

// lateError answers 200 with an error, as S3 does if a copy or the completion of an
// upload fails after the header was sent.
func lateError(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // as above
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message></Error>")
}

// emptyAnswer answers 200 without a body.
func emptyAnswer(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // as above
	w.WriteHeader(http.StatusOK)
}
