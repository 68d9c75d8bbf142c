package reach

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// TestAnAuthorityOfOnesOwn checks that AWS_CA_BUNDLE is used, and that an error names it
// where it is missing.
func TestAnAuthorityOfOnesOwn(t *testing.T) {
	secure := quiet(httptest.NewTLSServer(frontOf(t, s3server.New(t).URL)))
	t.Cleanup(secure.Close)
	roundTrip(t, append(keys(), "AWS_CA_BUNDLE="+authorityOf(t, secure)), bucket(secure.URL))
	says := map[string]string{"none": "AWS_CA_BUNDLE", "not there": "none.pem", "no certificate": "CA bundle"}
	for name, env := range map[string][]string{
		"none":           keys(),
		"not there":      append(keys(), "AWS_CA_BUNDLE="+filepath.Join(t.TempDir(), "none.pem")),
		"no certificate": append(keys(), "AWS_CA_BUNDLE="+os.DevNull),
	} {
		got := run(t, env, "copy", madeSite(t), bucket(secure.URL))
		if got.code == 0 || !strings.Contains(got.stderr, says[name]) || got.took > soon {
			t.Errorf("%s: exit code %d after %v, %s", name, got.code, got.took, got.stderr)
		}
	}
}

// TestIPv6 checks that an endpoint may be an IPv6 address.
func TestIPv6(t *testing.T) {
	long.Only(t)
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("NOT RUN: no IPv6 here: %v", err)
	}
	front := quiet(httptest.NewUnstartedServer(frontOf(t, s3server.New(t, s3server.Credentials(s3server.AccessKey, s3server.SecretKey)).URL)))
	_ = front.Listener.Close()
	front.Listener = l
	front.Start()
	t.Cleanup(front.Close)
	if !strings.Contains(front.URL, "[::1]") {
		t.Fatalf("the server is at %s", front.URL)
	}
	roundTrip(t, keys(), bucket(front.URL))
}

// TestAnotherRegion checks that a bucket in another region is found there, whichever of
// its ways the store has to say so.
func TestAnotherRegion(t *testing.T) {
	moved := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/") {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("X-Amz-Bucket-Region", "eu-central-1")
			w.WriteHeader(http.StatusMovedPermanently)
			if r.Method != http.MethodHead {
				fmt.Fprint(w, "<Error><Code>PermanentRedirect</Code><Endpoint>test.s3-eu-central-1.amazonaws.com</Endpoint></Error>")
			}
		})
	})
	for name, opt := range map[string]s3server.Option{"400": s3server.OtherRegion("eu-central-1"), "301": moved} {
		t.Run(name, func(t *testing.T) { roundTrip(t, keys(), bucket(s3server.New(t, opt).URL)) })
	}
}

// TestNoCredentials checks that a machine without credentials, and with a metadata
// service that is not there or says nothing, is told so soon.
func TestNoCredentials(t *testing.T) {
	long.Only(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	silent := "http://" + l.Addr().String()
	for name, env := range map[string][]string{
		"silent metadata service": {"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + silent},
		"no metadata service":     {"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1"},
		"silent container":        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + silent},
		"switched off":            {"AWS_EC2_METADATA_DISABLED=true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := s3server.New(t)
			got := run(t, append(env, "AWS_REGION=us-east-1"), "copy", madeSite(t), bucket(store.URL))
			if got.code != 1 || !strings.Contains(got.stderr, "no AWS credentials were found") || got.took > soon {
				t.Errorf("exit code %d after %v, %s", got.code, got.took, got.stderr)
			}
			if n := store.Requests(); n.Total() != 0 {
				t.Errorf("the store got %v; want nothing", n)
			}
			t.Logf("after %v", got.took)
		})
	}
}
