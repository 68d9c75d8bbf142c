package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/s3server"
)

// answers makes a server answer each request that pick chooses with this.
func answers(status int, body string, pick func(*http.Request) bool) s3server.Option {
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !pick(r) {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body)) // to a client that reads it
		})
	})
}

func aboutHosting(r *http.Request) bool { return r.URL.Query().Has("website") }

// noted counts the notes of a run that have this text.
func noted(r ran, text string) (n int) {
	for _, note := range r.said.Notes {
		if strings.Contains(note, text) {
			n++
		}
	}
	return n
}

// TestLinksSurviveStoresWithoutRedirects checks that they come back as links,
// that a browser is still led on, and that the user is told once in a run that
// writes links, and only then.
func TestLinksSurviveStoresWithoutRedirects(t *testing.T) {
	const invalid = `<Error><Code>InvalidArgument</Code><Message>unsupported header x-amz-website-redirect-location</Message></Error>`
	for name, c := range map[string]struct {
		store s3server.Option
		note  string
	}{
		"drops":   {s3server.DropsRedirect, "drops redirects"},
		"501":     {s3server.RefusesRedirect, "refuses redirects"},
		"400":     {answers(http.StatusBadRequest, invalid, func(r *http.Request) bool { return r.Header.Get(redirectHeader) != "" }), "refuses redirects"},
		"KMS too": {s3server.With(s3server.DropsRedirect, s3server.KMS), "drops redirects"},
	} {
		for _, body := range []string{"page", "empty"} {
			t.Run(name+"/"+body, func(t *testing.T) {
				b := newBounds(t, c.store)
				for i, target := range []string{"v1", "nowhere", "v1/f", "l0", "sp ace+%é?#", "."} {
					b.link("l"+string(rune('0'+i)), target)
				}
				b.write("v1/f", "f")
				push := []string{"copy", b.dir, b.bucket(), "--link-body=" + body}
				r := run(t, push...)
				if wantRun(t, "push", r, 0, nil); r.said.Links != 6 || noted(r, c.note) != 1 || len(r.said.Notes) != 1 {
					t.Errorf("push: %d links, notes %q; want 6, and %q once", r.said.Links, r.said.Notes, c.note)
				}
				header, page := b.object("l4")
				if header.Get(redirectHeader) != "" || body == "page" && !strings.Contains(string(page), `url=/sp%20ace%2B%25%C3%A9%3F%23"`) {
					t.Errorf("%v, %s: want no redirect, and a page that leads on", header, page)
				}
				back := filepath.Join(t.TempDir(), "back")
				wantRun(t, "pull", run(t, "copy", b.bucket(), back), 0, nil)
				wantSame(t, "pulled", back, b.dir)
				r = run(t, push...)
				if wantRun(t, "unchanged push", r, 0, map[string]string{}); len(r.said.Notes) != 0 {
					t.Errorf("unchanged push: notes %q", r.said.Notes)
				}
				wantRun(t, "unchanged pull", run(t, "copy", b.bucket(), back), 0, map[string]string{})
				b.link("l0", "v1/f")
				r = run(t, push...)
				if wantRun(t, "retarget", r, 0, map[string]string{"l0": "link"}); noted(r, c.note) != 1 {
					t.Errorf("retarget: notes %q; want %q once", r.said.Notes, c.note)
				}
			})
		}
	}
}

// TestHostingIsAskedForOnce and an answer that tells nothing is silence.
func TestHostingIsAskedForOnce(t *testing.T) {
	const off = "website hosting is off"
	for name, c := range map[string]struct {
		store []s3server.Option
		want  int
	}{
		"off": {nil, 1},
		"403": {[]s3server.Option{answers(http.StatusForbidden, "", aboutHosting)}, 0},
		"501": {[]s3server.Option{answers(http.StatusNotImplemented, "", aboutHosting)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBounds(t, c.store...)
			b.write("f", "f")
			if r := run(t, "copy", b.dir, b.bucket()); len(r.said.Notes) != 0 {
				t.Errorf("without links: notes %q", r.said.Notes)
			}
			b.link("l1", "f")
			b.link("l2", "f")
			if r := run(t, "copy", b.dir, b.bucket()); noted(r, off) != c.want || len(r.said.Notes) != c.want {
				t.Errorf("notes %q; want %q %d times", r.said.Notes, off, c.want)
			}
			if r := run(t, "copy", b.dir, b.bucket()); len(r.said.Notes) != 0 {
				t.Errorf("unchanged: notes %q", r.said.Notes)
			}
		})
	}
	h := newHosted(t)
	h.docs()
	if r := run(t, "copy", h.dir, h.bucket()); len(r.said.Notes) != 0 {
		t.Errorf("hosting is on: notes %q", r.said.Notes)
	}
}
