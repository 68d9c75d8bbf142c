package transport

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestStall checks that a body on which nothing moves any more ends.
func TestStall(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write(make([]byte, 50))
		_ = http.NewResponseController(w).Flush()
		<-release
	}))
	defer srv.Close()
	defer close(release)
	client := newHTTPClient(&stallGuard{next: http.DefaultTransport, limit: 50 * time.Millisecond})
	resp, err := client.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	var st *StallError
	if len(b) != 50 || !errors.As(err, &st) {
		t.Errorf("read %d bytes, %v; want 50 and a stall", len(b), err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	srv2 := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer srv2.Close()
	resp, err = client.Get(srv2.URL)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.As(err, &st) {
		t.Errorf("an answer that never begins: %v; want a stall", err)
	}
}
