package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/chromedp/chromedp"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/browser"
)

// A served is a running preview.
type served struct {
	t    *testing.T
	url  string // with the prefix of the tree
	root string // without it
	stop func() (code int, stderr string)
}

// serve starts a preview at a free port.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var stderr locked
	code := make(chan int, 1)
	go func() {
		code <- cmd.Program{Mux: stores()}.Run(ctx, append([]string{"serve", "--listen=127.0.0.1:0"}, args...), strings.NewReader(""), w, &stderr)
		_ = w.Close() // a pipe
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("serve %v: %v, exit code %d\n%s", args, err, <-code, stderr.String())
	}
	s := &served{t: t, url: strings.TrimSpace(line)}
	s.root = s.url[:strings.Index(s.url[len("http://"):], "/")+len("http://")]
	s.stop = sync.OnceValues(func() (int, string) {
		cancel()
		return <-code, stderr.String()
	})
	t.Cleanup(func() {
		if code, stderr := s.stop(); code != 0 {
			t.Errorf("serve %v: exit code %d\n%s", args, code, stderr)
		}
	})
	return s
}

// locked is a buffer for several goroutines.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// shown describes the answer to a request for a page.
func shown(t *testing.T, method, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	to := strings.Replace(resp.Header.Get("Location"), "http://"+resp.Request.URL.Host, "", 1)
	return fmt.Sprintf("%d %q %q %s %s %d", resp.StatusCode, to, body, resp.Header.Get("Content-Type"), resp.Header.Get("ETag"), resp.ContentLength)
}

// TestAPreviewIsTheWebsiteOfTheCopy asks previews of a directory and of the
// bucket that it was copied to, and the bucket's website, for the same.
func TestAPreviewIsTheWebsiteOfTheCopy(t *testing.T) {
	for _, prefix := range []string{"", "my site/é"} {
		h := newHosted(t)
		h.write("index.html", "<p>home")
		h.write("page.html", "<!doctype html><p>é")
		h.write("style.css", "p{}")
		h.write("app.js", "1")
		h.write("data.bin", "\x00\x01\x02")
		h.write("no-extension", "text")
		h.write("empty", "")
		h.write("sp ace/é+%?#&.txt", "odd")
		h.write("v1/index.html", "v1")
		h.write("_s3fc/x.html", "inside")
		for name, to := range map[string]string{
			"latest": "v1", "stable": "latest", "odd": "sp ace/é+%?#&.txt", "v1/up": "../page.html", "dangling": "nowhere", "root": ".", "at-index": "v1/index.html",
		} {
			h.link(name, to)
		}
		where := h.bucket()
		if prefix != "" {
			where += "/" + strings.ReplaceAll(prefix, " ", "%20")
		}
		s3fc(t, "copy", h.dir, where)
		here, there := serve(t, h.dir), serve(t, where)
		base := strings.TrimPrefix(there.url, there.root)
		for _, path := range []string{
			"", "index.html", "page.html", "style.css", "app.js", "data.bin", "no-extension", "empty", "sp%20ace/%C3%A9%2B%25%3F%23%26.txt", "v1", "v1/", "v1/index.html", "latest", "latest/", "latest/index.html",
			"stable", "odd", "v1/up", "dangling", "root", "at-index", "none", "none/", "v1/none", "%5Fs3fc/x.html", "a//b", "..%2Fx",
		} {
			for _, method := range []string{"GET", "HEAD"} {
				want := shown(t, method, h.site+base+path)
				if got := shown(t, method, there.url+path); got != want && method == "GET" {
					t.Errorf("%s %s of the bucket: %s; its website answers %s", method, path, got, want)
				}
				got := strings.ReplaceAll(shown(t, method, here.url+path), `"/`, `"`+base)
				if got != want && !strings.HasPrefix(want, "404") {
					t.Errorf("%s %s of the directory: %s; the website answers %s", method, path, got, want)
				}
				if strings.HasPrefix(want, "404") && !strings.HasPrefix(got, "404") {
					t.Errorf("%s %s of the directory: %s; the website has no such page", method, path, got)
				}
			}
		}
	}
}

// TestAPreviewOfABucketHasItsRules and documents.
func TestAPreviewOfABucketHasItsRules(t *testing.T) {
	h := newHosted(t, types.RoutingRule{
		Condition: &types.Condition{KeyPrefixEquals: aws.String("old/")}, Redirect: &types.Redirect{ReplaceKeyPrefixWith: aws.String("new/"), HttpRedirectCode: aws.String("302")},
	})
	h.write("index.html", "home")
	h.write("old/x", "hidden by the rule")
	h.write("oops.html", "oops")
	s3fc(t, "copy", h.dir, h.bucket())
	s := serve(t, h.bucket(), "--error=oops.html")
	if got := shown(t, "GET", s.url+"old/x?q"); !strings.HasPrefix(got, `302 "/new/x?q"`) {
		t.Errorf("a rule: %s", got)
	}
	if got := shown(t, "GET", s.url+"none"); !strings.HasPrefix(got, `404 "" "oops"`) {
		t.Errorf("the document for errors: %s", got)
	}
	off := newBounds(t)
	off.write("start.htm", "home")
	s3fc(t, "copy", off.dir, off.bucket())
	s = serve(t, off.bucket(), "--index=start.htm")
	if got := shown(t, "GET", s.url); !strings.HasPrefix(got, `200 "" "home"`) {
		t.Errorf("another index document: %s", got)
	}
	if _, stderr := s.stop(); !strings.Contains(stderr, "website hosting is off") {
		t.Errorf("stderr %q; want that hosting is off", stderr)
	}
	denied := newBounds(t, s3server.RequesterPays)
	s = serve(t, denied.bucket())
	if got := shown(t, "GET", s.url); !strings.HasPrefix(got, "403") {
		t.Errorf("a bucket that may not be read: %s", got)
	}
	if _, stderr := s.stop(); !strings.Contains(stderr, "cannot be read") {
		t.Errorf("stderr %q; want that the configuration cannot be read", stderr)
	}
}

// TestAPreviewCountsItsRequests to a bucket, and sends no more than allowed.
func TestAPreviewCountsItsRequests(t *testing.T) {
	h := newHosted(t)
	h.write("index.html", "home")
	s3fc(t, "copy", h.dir, h.bucket())
	h.server.ResetLog()
	s := serve(t, h.bucket(), "--max-requests=5")
	for _, want := range []string{"200", "200", "404", "503", "503"} { // 1 for the configuration, 1 a page, 2 for a missing one
		path := ""
		if want == "404" {
			path = "none"
		}
		if got := shown(t, "GET", s.url+path); !strings.HasPrefix(got, want) {
			t.Errorf("got %s; want %s", got, want)
		}
	}
	if got := shown(t, "GET", s.root+"/_s3fc/data.json"); !strings.HasPrefix(got, "502") {
		t.Errorf("the overview: %s; want that nothing is left for it", got)
	}
	if n := h.server.Requests().Total(); n != 5 {
		t.Errorf("%d requests; want 5", n)
	}
	if _, stderr := s.stop(); !strings.Contains(stderr, "requests: 1 HEAD, 4 GET") {
		t.Errorf("stderr %q; want the requests", stderr)
	}
}

func TestAPreviewAndACopyExcludeTheSame(t *testing.T) {
	b := newBounds(t)
	b.write("index.html", "home")
	b.write(".s3fcignore", "*.tmp\n")
	b.write("x.tmp", "x")
	b.write("drafts/x", "x")
	b.write(".DS_Store", "x")
	s := serve(t, b.dir, "--exclude=/drafts/")
	for _, path := range []string{"x.tmp", "drafts/x", ".DS_Store"} {
		if got := shown(t, "GET", s.url+path); !strings.HasPrefix(got, "404") {
			t.Errorf("%s: %s; want 404", path, got)
		}
	}
	if got := shown(t, "GET", s.url); !strings.HasPrefix(got, "200") {
		t.Errorf("got %s", got)
	}
}

// TestServeCheck checks the listed paths, the exit code, and that nothing is
// written.
func TestServeCheck(t *testing.T) {
	b := newBounds(t)
	b.write("index.html", `<a href="page.html"><a href="latest/page.html"><a href="/none"><a href="ring1">`)
	b.write("page.html", "page")
	b.write("v1/page.html", "page")
	b.write("v1/index.html", "index")
	for name, to := range map[string]string{"latest": "v1", "stable": "latest", "dangling": "nowhere"} {
		b.link(name, to)
	}
	want := []string{"404 /dangling", "404 /none", "below-link /latest/page.html", "404 /ring1", "chain /stable"}
	s3fc(t, "copy", b.dir, b.bucket())
	b.server.ResetLog()
	for _, tree := range []string{b.dir, b.bucket()} {
		var stdout, stderr bytes.Buffer
		code := cmd.Program{Mux: stores()}.Run(t.Context(), []string{"serve", "--check", "--json", tree}, strings.NewReader(""), &stdout, &stderr)
		var got []string
		for line := range bytes.Lines(stdout.Bytes()) {
			var ev struct {
				Event, Path, Reason string
				Faults              int
			}
			if err := json.Unmarshal(line, &ev); err != nil {
				t.Fatal(err)
			}
			if ev.Event == "fault" {
				got = append(got, ev.Reason+" "+ev.Path)
			} else if ev.Event == "summary" && ev.Faults != len(want) {
				t.Errorf("%s: the summary has %d faults; want %d", tree, ev.Faults, len(want))
			}
		}
		slices.Sort(got)
		sorted := slices.Sorted(slices.Values(want))
		if code != 1 || !slices.Equal(got, sorted) {
			t.Errorf("%s: exit code %d, %q; want 1, %q\n%s", tree, code, got, sorted, stderr.String())
		}
	}
	if n := b.server.Requests(); n[core.ClassPut] != 0 {
		t.Errorf("it sent %v; want reads alone", n)
	}
	var stdout, stderr bytes.Buffer
	if code := (cmd.Program{Mux: stores()}).Run(t.Context(), []string{"serve", "--check", filepath.Join(b.dir, "v1")}, strings.NewReader(""), &stdout, &stderr); code != 0 || stdout.Len() > 0 {
		t.Errorf("nothing is wrong: exit code %d, %s", code, stdout.String())
	}
}

func TestServeUsage(t *testing.T) {
	b := newBounds(t)
	for _, args := range [][]string{
		{}, {b.dir, b.dir}, {b.dir, "--listen=nonsense"}, {b.dir, "--check", "--watch"}, {b.dir, "--json"}, {b.bucket(), "--watch"}, {b.dir, "--exclude=["}, {b.dir, "-q", "-v"},
	} {
		var stdout, stderr bytes.Buffer
		if code := (cmd.Program{Mux: stores()}).Run(t.Context(), append([]string{"serve"}, args...), strings.NewReader(""), &stdout, &stderr); code != 2 || stdout.Len() > 0 {
			t.Errorf("serve %q: exit code %d; want 2\n%s", args, code, stderr.String())
		}
	}
	var stdout, stderr bytes.Buffer
	if code := (cmd.Program{Mux: stores()}).Run(t.Context(), []string{"serve", filepath.Join(b.dir, "none")}, strings.NewReader(""), &stdout, &stderr); code != 1 {
		t.Errorf("no such directory: exit code %d; want 1\n%s", code, stderr.String())
	}
}

// TestAgainst checks the changes that the overview shows.
func TestAgainst(t *testing.T) {
	b := newBounds(t)
	b.write("same", "same")
	b.write("changed", "old")
	b.write("gone", "gone")
	s3fc(t, "copy", b.dir, b.bucket())
	b.write("changed", "new content")
	b.write("new", "new")
	b.remove("gone")
	s := serve(t, b.bucket(), "--against="+b.dir)
	resp, err := http.Get(s.root + "/_s3fc/data.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var d struct {
		Source  string
		Changes []struct{ Op, Key, Why string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(d.Changes), "[{put changed size} {delete gone extraneous} {put new new}]"; got != want || d.Source != b.dir {
		t.Errorf("from %s: %s; want from %s: %s", d.Source, got, b.dir, want)
	}
	if n := b.server.Requests(); n[core.ClassPut] != 3 { // those of the first copy
		t.Errorf("it sent %v; want reads alone", n)
	}
}

// TestABrowserReloadsAChangedPage while the preview watches.
func TestABrowserReloadsAChangedPage(t *testing.T) {
	ctx := browser.Start(t)
	b := newBounds(t)
	b.write("index.html", "<!doctype html><p>one")
	s := serve(t, b.dir, "--watch")
	follows(t, ctx, s.url, s.url, "one")
	wait := func(want string) {
		t.Helper()
		got := ""
		for range 500 {
			got, _ = chromedp.Run(ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText.trim() : ''")) // fails while the page changes
			if got == want {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("the page shows %q; want %q", got, want)
	}
	b.write("index.html", "<!doctype html><p>two")
	wait("two")
	b.write("sub/new.html", "x")
	b.write("index.html", "<!doctype html><p>three")
	wait("three")
	b.write(".s3fcignore", "/sub/\n")
	for range 500 {
		if strings.HasPrefix(shown(t, "GET", s.url+"sub/new.html"), "404") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("new rules have no effect")
}

// TestServeEndsWithASignal and exit code 0: that is its usual end.
func TestServeEndsWithASignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: no signals on Windows")
	}
	serve, _, stderr := program(t, "", "serve", "--listen=127.0.0.1:0", site(t))
	serve.Stdout = nil
	stdout, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(t, "GET", strings.TrimSpace(url)+"a"); !strings.HasPrefix(got, "200") {
		t.Errorf("got %s", got)
	}
	if err := serve.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil || strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("%v, %q; want exit code 0, and no word about an interruption", err, stderr)
	}
}
