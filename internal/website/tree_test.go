package website

import (
	"context"
	"crypto/md5" //nolint:gosec // S3's ETag.
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// planted is a tree with these files and links.
func planted(s model.State) *memory.Tree {
	tree := memory.New()
	model.Plant(tree, s)
	return tree
}

func TestPagesOfATree(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", wholeSize/16+100)
	tree := planted(model.State{
		"index.html": "<p>home", "text": "just text", "large.txt": large, "app.js": "let x", "empty": model.Empty, "a b+c": "special",
		"link": "-> d/e", "other": model.Other,
	})
	tree.Plant(core.Entry{Key: "to-directory", Kind: core.Link, Target: core.Target{Key: "d e", Dir: core.IsDir}}, nil)
	tree.Plant(core.Entry{Key: "to-url", Kind: core.Link, Target: core.Target{URL: "https://example.com/?q"}}, nil)
	tree.Plant(core.Entry{Key: "to-root", Kind: core.Link, Target: core.Target{Key: "."}}, nil)
	for _, free := range []bool{true, false} {
		site := &Site{Config: core.Website{Index: "index.html"}, Pages: TreePages{Tree: tree, Prefix: "p q/", Free: free}}
		for _, c := range []struct {
			path     string
			status   int
			location string
			body     string
			types    string
		}{
			{"/p%20q/", 200, "", "<p>home", "text/html; charset=utf-8"},
			{"/p%20q", 302, "/p%20q/", "", ""},
			{"/", 404, "", "", ""},
			{"/index.html", 404, "", "", ""},
			{"/p%20q/text", 200, "", "just text", "text/plain; charset=utf-8"},
			{"/p%20q/large.txt", 200, "", large, "text/plain; charset=utf-8"},
			{"/p%20q/app.js", 200, "", "let x", "text/javascript; charset=utf-8"},
			{"/p%20q/empty", 200, "", "", "*"},
			{"/p%20q/a%20b%2Bc", 200, "", "special", "*"},
			{"/p%20q/link", 301, "/p%20q/d/e", "", ""},
			{"/p%20q/to-directory", 301, "/p%20q/d%20e/", "", ""},
			{"/p%20q/to-url", 301, "https://example.com/?q", "", ""},
			{"/p%20q/to-root", 301, "/p%20q/", "", ""},
			{"/p%20q/other", 404, "", "", ""},
			{"/p%20q/../x", 404, "", "", ""},
			{"/p%20q//x", 404, "", "", ""},
		} {
			resp := ask(site, "GET", c.path)
			body := resp.body
			if resp.StatusCode != c.status || resp.Header.Get("Location") != c.location || c.status == 200 && body != c.body {
				t.Errorf("%s: %d to %q, %.20q; want %d to %q, %.20q", c.path, resp.StatusCode, resp.Header.Get("Location"), body, c.status, c.location, c.body)
			}
			if got := resp.Header.Get("Content-Type"); c.status == 200 && c.types != "*" && got != c.types {
				t.Errorf("%s: type %q; want %q", c.path, got, c.types)
			}
			head := ask(site, "HEAD", c.path)
			if head.StatusCode != c.status || head.Header.Get("Location") != c.location || c.status == 200 && head.ContentLength != int64(len(c.body)) {
				t.Errorf("HEAD %s: %d to %q, %d bytes", c.path, head.StatusCode, head.Header.Get("Location"), head.ContentLength)
			}
			if free && head.Header.Get("ETag") != resp.Header.Get("ETag") {
				t.Errorf("HEAD %s: ETag %s; GET has %s", c.path, head.Header.Get("ETag"), resp.Header.Get("ETag"))
			}
		}
		want := fmt.Sprintf(`"%x"`, md5.Sum([]byte("just text"))) //nolint:gosec // S3's ETag.
		if got := ask(site, "GET", "/p%20q/text").Header.Get("ETag"); got != want {
			t.Errorf("ETag %s; want the md5, %s", got, want)
		}
		if resp := ask(site, "GET", "/p%20q/text", "If-None-Match", want); resp.StatusCode != 304 {
			t.Errorf("If-None-Match: %d; want 304", resp.StatusCode)
		}
		if resp := ask(site, "GET", "/p%20q/large.txt", "Range", fmt.Sprintf("bytes=%d-", len(large)-3)); resp.StatusCode != 206 || resp.body != "def" {
			t.Errorf("range at the end of a large file: %d", resp.StatusCode)
		}
	}
}

// TestTheRequestsOfAPage checks that a request of a visitor is one request to the
// store, and that a missing page is two.
func TestTheRequestsOfAPage(t *testing.T) {
	counted := &counting{Tree: planted(model.State{"index.html": "home", "link": "-> x", "dir/index.html": "dir"})}
	site := &Site{Config: core.Website{Index: "index.html"}, Pages: TreePages{Tree: counted}}
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/", "open index.html"},
		{"HEAD", "/", "stat index.html"},
		{"GET", "/link", "open link"},
		{"GET", "/dir", "open dir, stat dir/index.html"},
		{"GET", "/none", "open none, stat none/index.html"},
		{"GET", "/none/", "open none/index.html"},
		{"GET", "/..%2Fx", ""},
		{"POST", "/", ""},
	} {
		counted.asked = nil
		ask(site, c.method, c.path)
		if got := strings.Join(counted.asked, ", "); got != c.want {
			t.Errorf("%s %s: %s; want %s", c.method, c.path, got, c.want)
		}
	}
}

// TestTreesThatFail checks that an unreadable entry is an error that says so, and
// never a missing page or an empty one.
func TestTreesThatFail(t *testing.T) {
	tree := &counting{Tree: planted(model.State{"x": "content", "index.html": "home"})}
	for _, c := range []struct {
		fails  error
		status int
	}{
		{fs.ErrPermission, 403},
		{&core.Error{Op: "open", Key: "x", Err: fs.ErrPermission}, 403},
		{errors.New("the disk is gone"), 500},
		{core.ErrBudget, 503},
		{fs.ErrNotExist, 404},
	} {
		tree.fails = c.fails
		for _, method := range []string{"GET", "HEAD"} {
			for _, free := range []bool{true, false} {
				site := &Site{Config: core.Website{Index: "index.html"}, Pages: TreePages{Tree: tree, Free: free}}
				if resp := ask(site, method, "/x"); resp.StatusCode != c.status {
					t.Errorf("%s, %v: %d; want %d", method, c.fails, resp.StatusCode, c.status)
				}
			}
		}
	}
	tree.fails, tree.cut = nil, true
	site := &Site{Config: core.Website{Index: "index.html"}, Pages: TreePages{Tree: tree}}
	if resp := ask(site, "GET", "/x"); resp.StatusCode != 500 {
		t.Errorf("a content that breaks off: %d; want 500", resp.StatusCode)
	}
}

// counting is a tree that notes its calls, and fails if it is told to.
type counting struct {
	core.Tree
	asked []string
	fails error
	cut   bool
}

func (c *counting) Stat(ctx context.Context, key string) (core.Entry, error) {
	c.asked = append(c.asked, "stat "+key)
	if c.fails != nil {
		return core.Entry{}, c.fails
	}
	return c.Tree.Stat(ctx, key)
}

func (c *counting) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	c.asked = append(c.asked, "open "+key)
	if c.fails != nil {
		return nil, core.Entry{}, c.fails
	}
	body, e, err := c.Tree.Open(ctx, key)
	if c.cut && err == nil {
		body = io.NopCloser(io.MultiReader(io.LimitReader(body, 2), iotest.ErrReader(core.ErrChanged)))
	}
	return body, e, err
}
