package s3server_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/s3server"
)

var connectionQuirks = map[string]func(*fixture){
	"stopped": func(f *fixture) {
		_, _, err := f.try("GET", k, "")
		if !errors.Is(err, syscall.ECONNREFUSED) {
			f.Errorf("got %v, want a refused connection", err)
		}
		f.Start()
		f.want("started", "PUT", k, "x", 200)
	},
	"stops": func(f *fixture) {
		for range 11 {
			f.want("before", "PUT", k, "x", 200)
		}
		if _, _, err := f.try("GET", k, ""); err == nil {
			f.Error("the 12th request was answered")
		}
		if _, _, err := f.try("GET", k, ""); !errors.Is(err, syscall.ECONNREFUSED) {
			f.Errorf("then: %v, want a refused connection", err)
		}
		var err error
		for range 100 {
			if _, _, err = f.try("GET", k, ""); err == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		f.Errorf("it does not come back: %v", err)
	},
	"HTTP on the port of an https URL": func(f *fixture) {
		_, _, err := f.try("GET", k, "")
		var bad tls.RecordHeaderError
		if !errors.As(err, &bad) {
			f.Errorf("got %v, want an error of TLS", err)
		}
	},
	"certificate not trusted": func(f *fixture) {
		_, _, err := f.try("GET", k, "")
		var bad *tls.CertificateVerificationError
		if !errors.As(err, &bad) {
			f.Errorf("got %v, want a certificate that is not trusted", err)
		}
	},
	"writes redirected": func(f *fixture) {
		resp, body := f.want("here", "PUT", k+"?x=y", "x", http.StatusTemporaryRedirect)
		wantEqual(f.T, "Location", resp.Header.Get("Location"), f.Elsewhere+k+"?x=y")
		wantEqual(f.T, "code", xmlCode(f.T, body), "TemporaryRedirect")
		f.want("nothing stored", "HEAD", k, "", 404)
		there, _, err := f.tryAt(f.Elsewhere, "PUT", k, "x")
		if err != nil || there.StatusCode != 200 {
			f.Fatalf("there: %v, %v", there.Status, err)
		}
		wantEqual(f.T, "stored", f.content(k), "x")
	},
}

// TestStopForGood checks that a server without a time to come back stays down.
func TestStopForGood(t *testing.T) {
	f := newFixture(t, s3server.Stops(1, 0))
	for range 3 {
		if resp, _, err := f.try("GET", k, ""); err == nil {
			t.Errorf("answered %s", resp.Status)
		}
	}
}
