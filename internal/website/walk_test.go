package website

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// walked are the lines of a walk of a tree.
func walked(t *testing.T, s model.State, start ...string) (lines []string, seen Walked) {
	t.Helper()
	site := &Site{Config: core.Website{Index: "index.html"}, Pages: TreePages{Tree: planted(s), Free: true}}
	found, seen, err := site.Walk(t.Context(), append([]string{"/"}, start...))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		lines = append(lines, strings.Join(strings.Fields(f.String()), " "))
	}
	return lines, seen
}

func TestWalk(t *testing.T) {
	s := model.State{
		"index.html": `<a href="ok.html">, <a href="/none">, <a href="dir">, <a href="/one">, <a href="two">, <a href="/latest/page.html">, <a href="ring-a#x">,
			<a href="https://example.com/none">, <a href="//other.example/x">, <a href="mailto:x@y">, <a href="javascript:void(0)">, <a href="deep/?q=1">, <a href="one?again#twice">`,
		"ok.html":   `<link rel="stylesheet" href="style.css"><img src="pic.png" srcset="a.png 1x, none.png 2x"><a href="none">`,
		"style.css": `/* url(commented.png) */ @import "other.css"; p { background: url( 'bg.png' ) }`, "other.css": "", "a.png": "x", "pic.png": "x",
		"dir/index.html": `<base href="/deep/"><a href="from-base">`, "deep/index.html": "deep", "releases/1/page.html": "page", "releases/1/index.html": "index",
		"one": "-> ok.html", "two": "-> one", "latest": "-> releases/1", "ring-a": "-> ring-b", "ring-b": "-> ring-a", "dangling": "-> nowhere",
	}
	lines, seen := walked(t, s, "/dangling", "/latest")
	want := []string{
		"404 /bg.png from /style.css",
		"404 /dangling → /nowhere",
		"404 /deep/from-base from /dir/",
		"404 /none from /, /ok.html",
		"404 /none.png from /ok.html",
		"below-link /latest/page.html (latest is a link, and redirects for itself alone) from /",
		"chain /latest → /releases/1 → /releases/1/",
		"chain /two → /one → /ok.html from /",
		"ring /ring-a → /ring-b → /ring-a from /",
	}
	slices.Sort(lines)
	if !slices.Equal(lines, want) {
		t.Errorf("found:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if seen.Outside != 2 || seen.Pages != 9 {
		t.Errorf("seen %+v; want 2 URLs outside, and 9 pages", seen)
	}
}

func TestWalkFindsNothing(t *testing.T) {
	lines, _ := walked(t, model.State{"index.html": `<a href="/l">`, "l": "-> page.html", "page.html": `<a href="/">home</a>`}, "/l")
	if len(lines) != 0 {
		t.Errorf("found %q; want nothing", lines)
	}
	lines, _ = walked(t, model.State{"page.html": ""})
	if want := []string{"404 /"}; !slices.Equal(lines, want) {
		t.Errorf("without an index document: %q; want %q", lines, want)
	}
}

// TestWalkNamesFewPages checks that a finding does not grow with the site.
func TestWalkNamesFewPages(t *testing.T) {
	s := model.State{}
	index := ""
	for i := range 10 {
		s[fmt.Sprintf("%d.html", i)] = `<a href="/none"><a href="none">`
		index += fmt.Sprintf(`<a href="%d.html">`, i)
	}
	s["index.html"] = index
	lines, _ := walked(t, s)
	if want := []string{"404 /none from /0.html, /1.html, /2.html and 7 more"}; !slices.Equal(lines, want) {
		t.Errorf("found %q; want %q", lines, want)
	}
}

func TestWalkStops(t *testing.T) {
	site := &Site{Config: core.Website{Index: "index.html"}, Pages: TreePages{Tree: planted(model.State{"index.html": ""}), Free: true}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := site.Walk(ctx, []string{"/"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want that it was cancelled", err)
	}
	tree := &counting{Tree: planted(model.State{"index.html": ""}), fails: core.ErrBudget}
	site.Pages = TreePages{Tree: tree}
	found, _, err := site.Walk(t.Context(), []string{"/"})
	if err != nil || len(found) != 1 || found[0].Fault != FaultUnread {
		t.Errorf("found %v, %v; want a path that could not be read", found, err)
	}
}

func TestReferences(t *testing.T) {
	for html, want := range map[string][]string{
		`<A HREF=x>`:                                       {"x"},
		`<a href="a&amp;b">`:                               {"a&b"},
		`<a href=" a ">`:                                   {"a"},
		`<a name="x">`:                                     nil,
		`<!-- <a href="x"> -->`:                            nil,
		`<script>"<a href='x'>"</script>`:                  nil,
		`<style>p{background:url(x)}</style>`:              {"x"},
		`<p style="background:url('x')">`:                  {"x"},
		`<img srcset=" a 1x,b 2x , c, d,e 3x">`:            {"a", "b", "c", "d,e"},
		`<meta http-equiv="Refresh" content="0; URL='x'">`: {"x"},
		`<meta name="refresh" content="0; url=x">`:         nil,
		`<link rel="preconnect" href="x">`:                 nil,
		`<svg><use xlink:href="x#y"/></svg>`:               {"x#y"},
		`<video src=a poster=b><source src=c>`:             {"a", "b", "c"},
	} {
		got, _ := references("text/html; charset=utf-8", []byte(html))
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q; want %q", html, got, want)
		}
	}
	if got, _ := references("text/plain", []byte(`<a href="x">`)); got != nil {
		t.Errorf("a text refers to %q", got)
	}
}
