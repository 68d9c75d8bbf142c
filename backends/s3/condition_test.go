package s3

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// renamed gives the ETag of an answer another form.
type renamed struct {
	http.ResponseWriter
	form func(etag string) string
}

func (w renamed) WriteHeader(status int) {
	w.Header().Set("Etag", w.form(w.Header().Get("Etag")))
	w.ResponseWriter.WriteHeader(status)
}

// TestAnETagThatNoConditionCanHave checks that a weak one, as proxies make them,
// and one without quotes hinder nobody from reading, and still tell versions
// apart.
func TestAnETagThatNoConditionCanHave(t *testing.T) {
	for name, form := range map[string]func(string) string{
		"weak":      func(etag string) string { return "W/" + etag },
		"no quotes": func(etag string) string { return strings.Trim(etag, `"`) },
	} {
		t.Run(name, func(t *testing.T) {
			tree, _ := openRanged(t, gets(1, true, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Header.Get("If-Match") != "" {
					w.WriteHeader(http.StatusPreconditionFailed)
					return
				}
				next.ServeHTTP(renamed{w, form}, r)
			}))
			want := pattern(1 << 20)
			old := putFile(t, tree, "a", string(want))
			got, e, err := readLarge(t, tree, "a")
			if err != nil || !bytes.Equal(got, want) || e.Token != old.Token {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			r, _, err := openLarge(t, tree, "a")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			now := strings.Repeat("x", len(want))
			put(t, tree, fileEntry("a", now), strings.NewReader(now), &old)
			if _, err := io.ReadAll(r); !errors.Is(err, core.ErrChanged) {
				t.Errorf("%v; want %v", err, core.ErrChanged)
			}
		})
	}
}
