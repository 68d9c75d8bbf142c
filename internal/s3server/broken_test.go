package s3server_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/s3fc/s3fc/internal/s3server"
)

// failing is a backend whose contents cannot be read beyond so many bytes.
type failing struct {
	gofakes3.Backend
	after int64
}

func (f failing) GetObject(bucket, key string, r *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o, err := f.Backend.GetObject(bucket, key, r)
	if err == nil {
		content := io.MultiReader(io.LimitReader(o.Contents, f.after), iotest.ErrReader(errors.New("the disk is gone")))
		o.Contents = struct {
			io.Reader
			io.Closer
		}{content, o.Contents}
	}
	return o, err
}

// TestReadErrorsCutTheConnection checks that an error of the
// store in the middle of an object cuts the connection, so that nothing is taken
// for content that is none, and that one before its beginning is an error.
func TestReadErrorsCutTheConnection(t *testing.T) {
	for _, after := range []int64{0, 100_000} {
		f := newFixture(t, s3server.Over(failing{s3mem.New(), after}))
		f.put("key", strings.Repeat("0123456789", 100_000))
		resp, err := http.Get(f.URL + "/test/key")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		switch {
		case after > 0 && (err == nil || resp.StatusCode != http.StatusOK || strings.Contains(string(body), "<Error>")):
			t.Errorf("after %d bytes: %s, %d bytes, %v; want a connection that is cut", after, resp.Status, len(body), err)
		case after == 0 && (err != nil || resp.StatusCode != http.StatusInternalServerError || resp.Header.Get("ETag") != ""):
			t.Errorf("before the first byte: %s, %v, %v; want an error 500 alone", resp.Status, resp.Header, err)
		}
	}
}
