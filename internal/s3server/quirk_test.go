package s3server_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// quirkTests has one test for each quirk, by its name. Each sends raw requests
// to a server that has this quirk alone.
var quirkTests = merged(writeQuirks, listQuirks, readQuirks, requestQuirks, connectionQuirks)

func merged(all ...map[string]func(*fixture)) map[string]func(*fixture) {
	sum := make(map[string]func(*fixture))
	for _, m := range all {
		for name, f := range m {
			sum[name] = f
		}
	}
	return sum
}

func TestQuirks(t *testing.T) {
	seen := make(map[string]bool)
	for _, q := range s3server.Quirks() {
		t.Run(q.Name, func(t *testing.T) {
			test := quirkTests[q.Name]
			switch {
			case seen[q.Name]:
				t.Error("two quirks have this name")
			case q.Stores == "":
				t.Error("nothing says which stores behave so")
			case test == nil:
				t.Error("it has no test")
			default:
				test(newFixture(t, q))
			}
			seen[q.Name] = true
		})
	}
	for name := range quirkTests {
		if !seen[name] {
			t.Errorf("the test of %q is of no quirk", name)
		}
	}
}

// TestQuirksKeepNoStateBetweenServers checks that two servers with the same quirk
// value count separately.
func TestQuirksKeepNoStateBetweenServers(t *testing.T) {
	once := s3server.Conflicts(2)
	for range 2 {
		f := newFixture(t, once)
		f.want("first", "PUT", "/test/a", "x", 200, "If-None-Match", "*")
		f.want("second", "PUT", "/test/b", "x", 409, "If-None-Match", "*")
	}
}

// TestQuirksCompose checks that quirks of all layers work beside each other.
func TestQuirksCompose(t *testing.T) {
	f := newFixture(t, s3server.BareIfMatch, s3server.NoCompleteETag, s3server.Chunked, s3server.ClosesEarly(1), s3server.DropsRedirect)
	f.want("create", "PUT", "/test/k", "content", 200, redirectHeader, "/x")
	f.want("quoted", "PUT", "/test/k", "new", 412, "If-Match", etagOf("content"))
	if _, _, err := f.try("GET", "/test/k", ""); err == nil {
		f.Error("the first GET was not cut")
	}
	resp, body := f.want("second", "GET", "/test/k", "", 200)
	wantEqual(t, "length", resp.ContentLength, -1)
	wantEqual(t, "body", body, "content")
	wantEqual(t, "redirect", resp.Header.Get(redirectHeader), "")
}

const redirectHeader = "X-Amz-Website-Redirect-Location"

// want sends a request with these headers, as names and values in turn, and expects
// a status.
func (f *fixture) want(what, method, path, body string, status int, header ...string) (answer, string) {
	f.Helper()
	resp, got, err := f.try(method, path, body, header...)
	if err != nil {
		f.Fatalf("%s: %v", what, err)
	}
	if resp.StatusCode != status {
		f.Errorf("%s: got %s %s, want %d", what, resp.Status, got, status)
	}
	return resp, got
}

// try sends a request with these headers, as names and values in turn.
func (f *fixture) try(method, path, body string, header ...string) (answer, string, error) {
	f.Helper()
	return f.tryAt(f.URL, method, path, body, header...)
}

func TestServer(t *testing.T) {
	seen := 0
	f := newFixture(t, s3server.Bucket("other"), s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen++
			next.ServeHTTP(w, r)
		})
	}))
	wantEqual(t, "bucket", f.Bucket, "other")
	f.Throttle(2)
	for range 2 {
		_, err := f.tryPut("k", "x")
		wantCode(t, "throttled", err, "SlowDown")
	}
	f.put("k", "x")
	f.head("k")
	f.list("", "")
	wantEqual(t, "requests", f.Requests(), core.Requests{core.ClassPut: 3, core.ClassHead: 1, core.ClassList: 1})
	wantEqual(t, "seen by the wrapper", seen, 5)
	wantEqual(t, "path in the log", f.Log()[0].Path, "/other/k")
	f.ResetLog()
	wantEqual(t, "after ResetLog", f.Requests().Total(), 0)
	f.CreateBucket("second")
	buckets, err := f.c.ListBuckets(f.Context(), &s3.ListBucketsInput{})
	wantCode(t, "ListBuckets", err, "")
	wantEqual(t, "buckets", len(buckets.Buckets), 2)
}
