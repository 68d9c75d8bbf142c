package wire

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestUploadsWhoseAnswersHaveOtherNames checks that the answers of moto and of rclone
// serve s3 to an upload in parts are taken for S3's, and a page that has no id is not.
func TestUploadsWhoseAnswersHaveOtherNames(t *testing.T) {
	for _, c := range []struct {
		begin, complete string
		ok              bool
	}{
		{"InitiateMultipartUploadResult", "CompleteMultipartUploadResult", true},
		{"InitiateMultipartUpload", "CompleteMultipartUploadResponse", true},
		{"html", "html", false},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("uploads") {
				fmt.Fprintf(w, "<%s><Bucket>b</Bucket><Key>k</Key><UploadId>id</UploadId></%[1]s>", c.begin)
				return
			}
			fmt.Fprintf(w, `<%s><Bucket>b</Bucket><Key>k</Key><ETag>"e-1"</ETag></%[1]s>`, c.complete)
		}))
		t.Cleanup(srv.Close)
		s := newSender(t, srv.URL)
		id, _, err := s.CreateUpload(t.Context(), "k", nil)
		if c.ok != (err == nil && id == "id") || !c.ok && !errors.Is(err, ErrNotS3) {
			t.Errorf("%s: id %q, %v", c.begin, id, err)
		}
		etag, _, err := s.CompleteUpload(t.Context(), "k", "id", []Part{{Number: 1, ETag: `"e"`}}, nil)
		if c.ok != (err == nil && etag == `"e-1"`) || !c.ok && !errors.Is(err, ErrNotS3) {
			t.Errorf("%s: ETag %q, %v", c.complete, etag, err)
		}
	}
}

// TestAConflictWithoutACode checks that rclone's words for a/b beside a are a conflict,
// and that no other invalid request is.
func TestAConflictWithoutACode(t *testing.T) {
	for message, want := range map[string]bool{
		`Directory "x/a" is the name of an object`:     true,
		`Object name "x/c" is the name of a directory`: true,
		"Missing required header":                      false,
	} {
		err := &Error{Status: http.StatusBadRequest, Code: "InvalidRequest", Message: message}
		if errors.Is(err, core.ErrConflict) != want {
			t.Errorf("%s: a conflict: %v; want %v", message, !want, want)
		}
	}
}
