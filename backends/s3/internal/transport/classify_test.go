package transport

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
		{"GET", "/b?list-type=2&prefix=x", "", core.ClassList, false},
		{"GET", "/b?uploads", "", core.ClassList, false},
		{"GET", "/b/key", "", core.ClassGet, false},
		{"GET", "/b?website", "", core.ClassGet, false},
		{"HEAD", "/b/key", "", core.ClassHead, false},
		{"PUT", "/b/key", "", core.ClassPut, false},
		{"PUT", "/b/key?partNumber=1&uploadId=x", "", core.ClassPut, false},
		{"PUT", "/b/key", "/b/other", core.ClassCopy, false},
		{"POST", "/b/key?uploads", "", core.ClassPut, false},
		{"POST", "/b/key?uploadId=x", "", core.ClassPut, false},
		{"POST", "/b?delete", "", core.ClassDelete, false},
		{"DELETE", "/b/key", "", core.ClassDelete, false},
		{"DELETE", "/b/key?uploadId=x", "", core.ClassDelete, true},
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
