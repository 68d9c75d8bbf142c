package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// changingPart changes the body of each try to send the part of a number.
func changingPart(number string, change func([]byte) []byte) s3server.Option {
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && r.URL.Query().Get("partNumber") == number {
				b, _ := io.ReadAll(r.Body)
				b = change(b)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
				r.Header.Set("Content-Length", fmt.Sprint(len(b)))
			}
			next.ServeHTTP(w, r)
		})
	})
}

// TestAPartChangedOnItsWayIsNotStored checks that neither a wrong byte nor a missing
// one of any part gets into an object, with a body of known parts and with another.
func TestAPartChangedOnItsWayIsNotStored(t *testing.T) {
	content := pattern(int(format.SingleMax) + 100)
	size := format.PartSize(int64(len(content)))
	e := core.Entry{Key: "a", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	changes := map[string]func([]byte) []byte{
		"wrong byte": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"short part": func(b []byte) []byte { return b[:len(b)-1] },
	}
	for name, change := range changes {
		for i := range format.CountParts(e.Size, size) {
			for _, body := range []io.Reader{known(content, size), bytes.NewReader(content)} {
				t.Run(fmt.Sprintf("%s of part %d, %T", name, i+1, body), func(t *testing.T) {
					if i > 0 {
						long.Only(t)
					}
					tree, _ := serve(t, Options{MaxAttempts: 2}, changingPart(fmt.Sprint(i+1), change))
					if got, err := tree.Put(t.Context(), e, body, nil); err == nil {
						t.Errorf("stored as %v; want an error", got)
					}
					if got := list(t, tree, ""); len(got) != 0 {
						t.Errorf("there is %v; want nothing", got)
					}
					checkNoUploads(t, tree)
				})
			}
		}
	}
}

// TestAStoreThatSwapsPartsIsFound checks that an object of the right parts in the wrong
// order is called corrupt, though its length and each part are right.
func TestAStoreThatSwapsPartsIsFound(t *testing.T) {
	content := pattern(int(format.SingleMax) + 100)
	size := int(format.PartSize(int64(len(content))))
	swapped := append(append(bytes.Clone(content[size:2*size]), content[:size]...), content[2*size:]...)
	var s *s3server.Server
	swap := s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || !r.URL.Query().Has("uploadId") {
				next.ServeHTTP(w, r)
				return
			}
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			etag := storeParts(t, s, "a", swapped, size, map[string]string{})
			_, _ = w.Write([]byte(strings.ReplaceAll(answer.Body.String(), answeredETag(t, answer.Body.String()), etag)))
		})
	})
	tree, s := serve(t, Options{}, swap)
	e := core.Entry{Key: "a", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	if got, err := tree.Put(t.Context(), e, bytes.NewReader(content), nil); !errors.Is(err, core.ErrCorrupt) {
		t.Errorf("%v, %v; want ErrCorrupt", got, err)
	}
}

// storeParts stores an object of parts behind the tree's back, and returns its ETag
// without quotes.
func storeParts(t *testing.T, s *s3server.Server, key string, content []byte, size int, meta map[string]string) string {
	t.Helper()
	store := s.Store()
	id, err := store.CreateMultipartUpload(s.Bucket, key, meta)
	var in gofakes3.CompleteMultipartUploadRequest
	var sums []core.MD5
	for off := 0; off < len(content) && err == nil; off += size {
		b := content[off:min(off+size, len(content))]
		sums = append(sums, core.SumMD5(b))
		_, err = store.UploadPart(s.Bucket, key, id, len(sums), int64(len(b)), bytes.NewReader(b))
		in.Parts = append(in.Parts, gofakes3.CompletedPart{PartNumber: len(sums), ETag: core.SumMD5(b).String()})
	}
	if err == nil {
		_, err = store.CompleteMultipartUploadIf(s.Bucket, key, id, &in, nil)
	}
	if err != nil {
		t.Error(err)
	}
	return format.PartsETag(core.HashParts(int64(size), sums))
}

// answeredETag returns the ETag of parts in the answer to a completion, without quotes.
func answeredETag(t *testing.T, answer string) string {
	t.Helper()
	i := strings.Index(answer, "<ETag>")
	j := strings.Index(answer, "</ETag>")
	if i < 0 || j < i {
		t.Fatalf("there is no ETag in %q", answer)
	}
	return strings.Trim(strings.TrimSuffix(strings.TrimPrefix(answer[i+len("<ETag>"):j], "&#34;"), "&#34;"), `"`)
}
