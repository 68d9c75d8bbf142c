package preview

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/model"
	"github.com/s3fc/s3fc/internal/website"
)

func newPreview(t *testing.T, s model.State) (*Preview, string) {
	t.Helper()
	tree := memory.New()
	model.Plant(tree, s)
	p := &Preview{Site: &website.Site{Config: core.Website{Index: "index.html"}, Pages: website.TreePages{Tree: tree, Free: true}}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, server.URL
}

// A response is an answer without its body.
type response struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

// get sends a request to the preview under a name, and follows nothing.
func get(t *testing.T, url, method, path, host string) (resp response, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	r, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{r.StatusCode, r.Header, r.ContentLength}, string(b)
}

func TestHostsAreChecked(t *testing.T) {
	p, url := newPreview(t, model.State{"index.html": "home"})
	p.Hosts = []string{"Preview.Example"}
	for host, status := range map[string]int{
		"": 200, "127.0.0.1": 200, "127.0.0.1:1234": 200, "localhost": 200, "LOCALHOST:80": 200, "localhost.": 200, "site.localhost:8080": 200,
		"[::1]": 200, "[::1]:8080": 200, "192.168.1.2": 200, "preview.example:8080": 200,
		"evil.example": 421, "evil.example:8080": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "notlocalhost": 421,
	} {
		for _, path := range []string{"/", Inside} {
			resp, body := get(t, url, "GET", path, host)
			if want := status; path == "/" && resp.StatusCode != want || (want == 421) != (resp.StatusCode == 421) || want == 421 && strings.Contains(body, "home") {
				t.Errorf("%s at %q: %d %q; want %d", path, host, resp.StatusCode, body, want)
			}
		}
	}
}

func TestOnlyReading(t *testing.T) {
	p, url := newPreview(t, model.State{"index.html": "home"})
	p.Pages = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a write came through") })
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		for _, path := range []string{"/", Inside, scriptPath} {
			if resp, _ := get(t, url, method, path, ""); resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d; want 405", method, path, resp.StatusCode)
			}
		}
	}
}

// TestInside checks the preview's own paths, and that a key which begins so can be
// reached.
func TestInside(t *testing.T) {
	p, url := newPreview(t, model.State{"_s3fc/x": "of the site", "_s3fc/index.html": "of the site", "_s3fcx": "of the site", "link": "-> _s3fc/x", "a/_s3fc/x": "of the site"})
	if resp, _ := get(t, url, "GET", "/_s3fc/x", ""); resp.StatusCode != 404 {
		t.Errorf("without pages: %d; want 404", resp.StatusCode)
	}
	p.Pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "own "+r.URL.Path) })
	for path, want := range map[string]string{
		"/_s3fc/": "own /", "/_s3fc/x": "own /x", "/_s3fc/a%2Fb": "own /a/b",
		"/%5Fs3fc/x": "of the site", "/%5fs3fc/": "of the site", "/_s3f%63/x": "of the site", "/_s3fcx": "of the site", "/a/_s3fc/x": "of the site",
	} {
		if _, body := get(t, url, "GET", path, ""); body != want {
			t.Errorf("%s: %q; want %q", path, body, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	_, url := newPreview(t, model.State{"index.html": "home", "link": "-> x"})
	for _, path := range []string{"/", "/link", "/none"} {
		resp, _ := get(t, url, "GET", path, "")
		if resp.Header.Get("Cache-Control") != "no-store" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'") {
			t.Errorf("%s: %v; want that no browser keeps it, and a policy", path, resp.Header)
		}
	}
}

func TestLog(t *testing.T) {
	p, url := newPreview(t, model.State{"index.html": "home"})
	var lines []string
	p.Log = func(r *http.Request, status int) {
		lines = append(lines, fmt.Sprint(r.Method, " ", r.URL.Path, " ", status))
	}
	get(t, url, "GET", "/", "")
	get(t, url, "HEAD", "/none", "")
	get(t, url, "GET", "/", "evil.example")
	if got, want := strings.Join(lines, ", "), "GET / 200, HEAD /none 404, GET / 421"; got != want {
		t.Errorf("logged %s; want %s", got, want)
	}
}

func TestLive(t *testing.T) {
	p, url := newPreview(t, model.State{"index.html": "<p>home", "text": "text"})
	p.Live = NewLive()
	p.Site.Pages = p.Live.Over(p.Site.Pages)
	resp, body := get(t, url, "GET", "/", "")
	if body != "<p>home"+tag || resp.ContentLength != int64(len(body)) || resp.Header.Get("ETag") != "" {
		t.Errorf("a page: %q of %d bytes, %v; want the script, and no ETag", body, resp.ContentLength, resp.Header)
	}
	if resp, _ := get(t, url, "HEAD", "/", ""); resp.ContentLength != int64(len(body)) {
		t.Errorf("HEAD: %d bytes; want %d", resp.ContentLength, len(body))
	}
	if _, body := get(t, url, "GET", "/text", ""); body != "text" {
		t.Errorf("a text: %q; want it as it is", body)
	}
	if resp, body := get(t, url, "GET", scriptPath, ""); !strings.Contains(body, "EventSource") || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("the script: %v, %q", resp.Header, body)
	}

	stream, err := http.Get(url + eventsPath)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	events := bufio.NewReader(stream.Body)
	if line, err := events.ReadString('\n'); err != nil || line != ": here\n" {
		t.Fatalf("the first line is %q, %v", line, err)
	}
	for range 2 {
		p.Live.Changed()
		for {
			line, err := events.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == "event: change\n" {
				break
			}
		}
	}
}
