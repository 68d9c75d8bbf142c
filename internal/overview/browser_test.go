package overview

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/s3fc/s3fc/internal/testkit/browser"
)

// page opens the page of data in a browser of a size and returns its context.
func page(t *testing.T, data *Data, width, height int64) context.Context {
	t.Helper()
	s := httptest.NewServer(Handler(func(context.Context) (*Data, error) { return data, nil }))
	t.Cleanup(s.Close)
	ctx := browser.Start(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(s.URL), chromedp.WaitReady("body[data-ready]")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// run evaluates JavaScript in the page.
func run[T any](t *testing.T, ctx context.Context, js string) T { //nolint:revive // The test comes first.
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// site is a tree with links of each status and with changes.
func site() *Data {
	return &Data{
		Tree: "./site",
		Keys: []string{
			"<img src=x onerror=document.body.dataset.hacked=1>", "a/b/c/page.html", "a/index.html", "current", "dangling", "latest", "ring",
			"v2/index.html", "v2/style.css", "z.sock",
		},
		Sizes: []int64{3, 2048, 1000, sizeLink, sizeLink, sizeLink, sizeLink, 5 << 20, 7, sizeOther},
		Links: []Link{
			{Key: 3, Target: "latest", Final: "v2", Hops: 2, Status: StatusChain}, {Key: 4, Target: "gone", Hops: 1, Status: StatusDangling},
			{Key: 5, Target: "v2/", Hops: 1, Status: StatusDir}, {Key: 6, Target: "ring", Hops: 1, Status: StatusRing},
			{Key: 9, Status: StatusRefused, Problem: "a socket"},
		},
		Source:  "./new",
		Changes: []Change{{Op: "put", Key: "a/index.html", Reason: "md5", Size: 1001, Old: 1000}, {Op: "delete", Key: "v2/style.css", Reason: "extraneous", Size: 7, Old: -1}},
		Cost:    "About $0.00001.",
		Errors:  []string{"secret: permission denied"},
	}
}

func TestThePageShowsTreeLinksAndChanges(t *testing.T) {
	ctx := page(t, site(), 1200, 800)
	text := func() string {
		return run[string](t, ctx, `document.querySelector('main').innerText + document.querySelector('header').innerText`)
	}
	for _, want := range []string{"./site", "5 files (5.0 MiB), 4 links, 3 with a problem", "<img src=x onerror", "v2/", "current"} {
		if got := text(); !strings.Contains(got, want) {
			t.Errorf("the files lack %q:\n%s", want, got)
		}
	}
	if run[string](t, ctx, `document.body.dataset.hacked || ''`) != "" {
		t.Error("a key was markup")
	}
	if got := run[string](t, ctx, `document.querySelector('#errors').innerText`); !strings.Contains(got, "secret: permission denied") {
		t.Errorf("errors: %q", got)
	}
	shoot(t, ctx, "files")
	run[bool](t, ctx, `document.querySelector('#tab-links').click(), [...document.querySelectorAll('#links .row')].find(r => r.innerText.startsWith('latest')).click(), true`)
	if got := run[string](t, ctx, `document.querySelector('#picture').innerText`); !strings.Contains(got, "Leads to a directory.") || !strings.Contains(got, "1 link leads here") || !strings.Contains(got, "current") {
		t.Errorf("picture of a link: %q", got)
	}
	if got := run[int](t, ctx, `document.querySelectorAll('#picture svg rect').length`); got != 3 {
		t.Errorf("the picture has %d boxes, want current, latest and v2", got)
	}
	shoot(t, ctx, "links")
	run[bool](t, ctx, `[...document.querySelectorAll('.chip')].find(c => c.innerText.startsWith('ring')).click(), true`)
	if got := run[int](t, ctx, `document.querySelectorAll('#links .row').length`); got != 1 {
		t.Errorf("%d links are rings", got)
	}
	run[bool](t, ctx, `document.querySelector('#tab-changes').click(), true`)
	if got := text(); !strings.Contains(got, "A copy from ./new would make these changes. About $0.00001.") {
		t.Errorf("changes: %q", got)
	}
}

// TestThePageWorksByKeyboard opens a directory, finds a link and changes the view
// without a mouse.
func TestThePageWorksByKeyboard(t *testing.T) {
	ctx := page(t, site(), 1200, 800)
	key := func(id, k string) {
		run[bool](t, ctx, fmt.Sprintf(`document.getElementById(%q).dispatchEvent(new KeyboardEvent('keydown', {key: %q, bubbles: true, cancelable: true}))`, id, k))
	}
	run[bool](t, ctx, `views.files.filter(''), document.querySelector('#files').focus(), true`)
	key("files", "Home")
	key("files", "ArrowDown")
	key("files", "ArrowRight")
	if got := run[string](t, ctx, `document.querySelector('#files').innerText`); !strings.Contains(got, "b/") {
		t.Errorf("a/ is not open: %q", got)
	}
	key("files", "ArrowLeft")
	if got := run[string](t, ctx, `document.querySelector('#files').innerText`); strings.Contains(got, "b/") {
		t.Errorf("a/ is not closed: %q", got)
	}
	if got := run[string](t, ctx, `document.getElementById(document.querySelector('#files').getAttribute('aria-activedescendant')).innerText`); !strings.Contains(got, "a/") {
		t.Errorf("the active row is %q", got)
	}
	key("tab-files", "ArrowRight")
	if got := run[string](t, ctx, `document.activeElement.id`); got != "tab-links" {
		t.Errorf("the focus is on %q", got)
	}
	run[bool](t, ctx, `document.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true})), true`)
	if got := run[string](t, ctx, `document.activeElement.id`); got != "filter" {
		t.Errorf("the focus is on %q", got)
	}
}

// TestThePageFitsAPhone checks that nothing is wider than the screen.
func TestThePageFitsAPhone(t *testing.T) {
	ctx := page(t, site(), 360, 740)
	for _, tab := range []string{"files", "links", "changes"} {
		run[bool](t, ctx, `document.querySelector('#tab-`+tab+`').click(), true`)
		shoot(t, ctx, "phone-"+tab)
		if over := run[int](t, ctx, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("%s is %d pixels too wide", tab, over)
		}
	}
}

// TestALargeTree opens 100,000 entries. It prints its times, which depend on the
// machine, and checks the memory and the number of elements, which do not.
func TestALargeTree(t *testing.T) {
	d := &Data{Tree: "s3://large", Errors: []string{}}
	for i := range 100_000 {
		d.Keys = append(d.Keys, fmt.Sprintf("dir%02d/sub%03d/file-%06d.html", i/5000, i/100%50, i))
		if i%20 == 0 {
			d.Links = append(d.Links, Link{Key: i, Target: fmt.Sprintf("dir%02d/sub%03d/file-%06d.html", i/5000, i/100%50, i+1), Hops: 1, Status: StatusFile})
			d.Sizes = append(d.Sizes, sizeLink)
			continue
		}
		d.Sizes = append(d.Sizes, int64(i))
	}
	before := time.Now()
	ctx := page(t, d, 1200, 800)
	t.Logf("browser started and first view after %v", time.Since(before).Round(time.Millisecond))
	t.Logf("first view %.0f ms after the navigation began", run[float64](t, ctx, `performance.now()`))
	took := run[float64](t, ctx, `(() => { const t = performance.now(); document.querySelector('#filter').value = 'file-0999'; refresh(); document.body.offsetHeight; return performance.now() - t })()`)
	t.Logf("a filter took %.1f ms", took)
	if got := run[string](t, ctx, `document.querySelector('#count').innerText`); got != "100 matches" {
		t.Errorf("the filter found %q", got)
	}
	if heap := run[float64](t, ctx, `performance.memory.usedJSHeapSize / 2**20`); heap > 200 {
		t.Errorf("the heap has %.0f MiB, want at most 200", heap)
	} else {
		t.Logf("the heap has %.0f MiB", heap)
	}
	if rows := run[int](t, ctx, `document.querySelectorAll('.row').length`); rows > 200 {
		t.Errorf("%d rows are in the document", rows)
	}
}

// shoot writes a picture of the page into $S3FC_TEST_PICTURES, if that names a
// directory.
func shoot(t *testing.T, ctx context.Context, name string) { //nolint:revive // The test comes first.
	t.Helper()
	dir := os.Getenv("S3FC_TEST_PICTURES")
	if dir == "" {
		return
	}
	b, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
