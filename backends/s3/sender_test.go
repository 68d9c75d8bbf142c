package s3

import (
	"net/http"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// TestConformanceThroughAProxyThatRewrites runs the suite against a server that
// checks signatures and refuses checksums, behind a proxy that rewrites a header,
// and checks that each request is one of our own sender.
func TestConformanceThroughAProxyThatRewrites(t *testing.T) {
	long.Only(t)
	ours := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if agent := r.Header.Get("User-Agent"); agent != "s3fc" {
				t.Errorf("%s %s was sent by %s", r.Method, r.URL, agent)
			}
			next.ServeHTTP(w, r)
		})
	}
	for _, check := range conformance.Checks() {
		tree, _ := serve(t, Options{Prefix: "a b/é+"}, s3server.Wrap(ours), s3server.RewritesAcceptEncoding, s3server.RefusesChecksums)
		store := conformance.Store{Backend: tree}
		if check.Long || check.Skip(store) != "" {
			continue
		}
		if err := check.Run(t.Context(), store); err != nil {
			t.Errorf("%s: %v", check.Name, err)
		}
	}
}

// TestLargeFilesThroughAProxyThatRewrites does the same for uploads in parts, copies
// and deletes, of which the suite has few.
func TestLargeFilesThroughAProxyThatRewrites(t *testing.T) {
	long.Only(t)
	tree, _ := serve(t, Options{}, s3server.RewritesAcceptEncoding, s3server.RefusesChecksums)
	content := string(pattern(17 << 20))
	e := put(t, tree, fileEntry("large", content), strings.NewReader(content), nil)
	if got, _ := readAll(t, tree, "large"); got != content {
		t.Errorf("read %d bytes", len(got))
	}
	if _, err := tree.Repair(t.Context(), e); err != nil {
		t.Errorf("copy onto itself: %v", err)
	}
	if errs := tree.DeleteBatch(t.Context(), list(t, tree, "")); errs[0] != nil {
		t.Errorf("batch delete: %v", errs)
	}
	if left := keys(list(t, tree, "")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
