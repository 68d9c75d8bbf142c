package s3

import (
	"io"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// putOver puts a file over old, again while the error is transient, as a transfer does.
func putOver(t *testing.T, tree *Tree, key, content string, old *core.Entry, seekable bool) core.Entry {
	t.Helper()
	for try := 1; ; try++ {
		var body io.Reader = strings.NewReader(content)
		if !seekable {
			body = io.MultiReader(body)
		}
		e, err := tree.Put(t.Context(), fileEntry(key, content), body, old)
		switch {
		case err == nil:
			return e
		case !core.IsTransient(err) || try == 3:
			t.Fatal(err)
		}
	}
}

// TestAFileThatReplacesALinkHasNoRedirect checks that, in a store that keeps the
// headers of an object that is overwritten, for bodies that can be read again and for
// those that cannot, and with one HEAD alone in every other store.
func TestAFileThatReplacesALinkHasNoRedirect(t *testing.T) {
	for name, c := range map[string]struct {
		quirks   []s3server.Quirk
		seekable bool
		want     []string // requests of each file
		notes    int
	}{
		"a store like AWS":         {nil, true, []string{"1 HEAD, 1 PUT", "1 PUT", "1 PUT"}, 0},
		"headers kept":             {[]s3server.Quirk{s3server.MergesMetadata}, true, []string{"1 HEAD, 2 PUT, 1 DELETE", "1 PUT, 1 DELETE", "1 PUT, 1 DELETE"}, 1},
		"headers kept, a stream":   {[]s3server.Quirk{s3server.MergesMetadata}, false, []string{"1 HEAD, 2 PUT, 2 DELETE", "1 PUT, 1 DELETE", "1 PUT, 1 DELETE"}, 1},
		"kept, and none is stored": {[]s3server.Quirk{s3server.MergesMetadata, s3server.DropsRedirect}, true, []string{"1 HEAD, 2 PUT, 1 DELETE", "1 PUT, 1 DELETE", "1 PUT, 1 DELETE"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			tree, server := serve(t, Options{}, s3server.With(c.quirks...))
			for i, want := range c.want {
				key := string(rune('a' + i))
				link := putLink(t, tree, key, "v1")
				server.ResetLog()
				putOver(t, tree, key, "a file now", &link, c.seekable)
				if got := server.Requests().String(); got != want {
					t.Errorf("file %d over a link: %s; want %s", i+1, got, want)
				}
				if e, err := tree.Stat(t.Context(), key); err != nil || e.Kind != core.File || rawHead(t, tree, key).WebsiteRedirectLocation != nil {
					t.Errorf("%+v, %v; want a file without a redirect", e, err)
				}
			}
			if notes, err := tree.Finish(t.Context(), core.Done{}); err != nil || len(notes) != c.notes {
				t.Errorf("notes %q, %v; want %d", notes, err, c.notes)
			}
		})
	}
}

// TestALargeFileOverALink checks the same for a file that goes up in parts.
func TestALargeFileOverALink(t *testing.T) {
	tree, _ := serve(t, Options{}, s3server.MergesMetadata)
	link := putLink(t, tree, "l", "v1")
	putOver(t, tree, "l", strings.Repeat("0123456789abcdef", 17<<16), &link, true)
	if e, err := tree.Stat(t.Context(), "l"); err != nil || e.Kind != core.File {
		t.Errorf("%+v, %v; want a file", e, err)
	}
}

// TestAURLMayForbidTheDelete checks that a store of which the URL says that it keeps
// no headers is taken by its word, and the file is an error if it does.
func TestAURLMayForbidTheDelete(t *testing.T) {
	server := s3server.New(t, s3server.MergesMetadata)
	tree := openAt(t, server.URL, Options{Has: "fresh-headers"})
	link := putLink(t, tree, "l", "v1")
	if _, err := tree.Put(t.Context(), fileEntry("l", "x"), strings.NewReader("x"), &link); err == nil || !strings.Contains(err.Error(), "fresh-headers") {
		t.Errorf("%v; want an error that names the parameter", err)
	}
}
