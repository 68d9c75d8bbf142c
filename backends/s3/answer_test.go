package s3

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestALoginPageIsNoAnswer checks that nothing is taken for done, read, listed or
// empty because something that is not S3 says 200.
func TestALoginPageIsNoAnswer(t *testing.T) {
	for name, body := range map[string]string{"a login page": "<html><body>Log in.</body></html>", "nothing": ""} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = fmt.Fprint(w, body)
		}))
		tree := openAt(t, srv.URL, Options{MaxAttempts: 2})
		e, content := large("big", 1)
		_, large := tree.Put(t.Context(), e, bytes.NewReader(content), nil)
		_, stat := tree.Stat(t.Context(), "k")
		_, odd := tree.Stat(t.Context(), "k../k") // a key that Go CDK is not asked for
		_, _, open := tree.Open(t.Context(), "k")
		_, link := tree.Put(t.Context(), linkEntry("l", "k"), nil, nil)
		batch := tree.DeleteBatch(t.Context(), []core.Entry{{Key: "k", Kind: core.File, Token: "x"}})[0]
		for what, err := range map[string]error{
			"list": listError(t.Context(), tree), "put": putErr(tree, fileEntry("k", "x"), "x", nil), "put in parts": large, "put a link": link,
			"stat": stat, "stat of an odd key": odd, "open": open, "delete": batch,
		} {
			if err == nil || strings.Contains(err.Error(), "operation error") {
				t.Errorf("%s: %s: %v; want an error in plain words", name, what, err)
			}
		}
		srv.Close()
	}
}
