package s3

import (
	"net/http"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		method, url, copySource string
		want                    core.Class
		abort                   bool
	}{
		{"GET", "/b?list-type=2&prefix=x", "", core.LIST, false},
		{"GET", "/b?uploads", "", core.LIST, false},
		{"GET", "/b/key", "", core.GET, false},
		{"GET", "/b?website", "", core.GET, false},
		{"HEAD", "/b/key", "", core.HEAD, false},
		{"PUT", "/b/key", "", core.PUT, false},
		{"PUT", "/b/key?partNumber=1&uploadId=x", "", core.PUT, false},
		{"PUT", "/b/key", "/b/other", core.COPY, false},
		{"POST", "/b/key?uploads", "", core.PUT, false},
		{"POST", "/b/key?uploadId=x", "", core.PUT, false},
		{"POST", "/b?delete", "", core.DELETE, false},
		{"DELETE", "/b/key", "", core.DELETE, false},
		{"DELETE", "/b/key?uploadId=x", "", core.DELETE, true},
	} {
		req, err := http.NewRequest(c.method, "http://host"+c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.copySource != "" {
			req.Header.Set("X-Amz-Copy-Source", c.copySource)
		}
		if got, abort := classify(req); got != c.want || abort != c.abort {
			t.Errorf("classify(%s %s) = %v, %v; want %v, %v", c.method, c.url, got, abort, c.want, c.abort)
		}
	}
}
