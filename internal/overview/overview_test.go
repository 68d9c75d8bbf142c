package overview

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// entries is a tree that lists these entries.
type entries struct {
	core.Tree
	list []core.Entry
	stat map[string]core.Entry
	err  error
}

func (t entries) List(context.Context, string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for _, e := range t.list {
			if !yield(e, nil) {
				return
			}
		}
		if t.err != nil {
			yield(core.Entry{}, t.err)
		}
	}
}

func (t entries) Stat(_ context.Context, key string) (core.Entry, error) {
	if e, ok := t.stat[key]; ok {
		return e, nil
	}
	return core.Entry{}, errors.New("no answer")
}

func link(key, target string) core.Entry {
	return core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: target}}
}

func file(key string) core.Entry { return core.Entry{Key: key, Kind: core.File, Size: 5} }

func TestLinksPointWhereAVisitorEnds(t *testing.T) {
	tree := entries{list: []core.Entry{
		file("a.html"), link("chain", "latest"), link("dangling", "gone"), link("dangling2", "dangling"), link("down", "."),
		link("latest", "v2"), link("page", "a.html"), link("ring1", "ring2"), link("ring2", "ring1"), link("self", "self"),
		link("toring", "ring1"), {Key: "url", Kind: core.Link, Target: core.Target{URL: "https://example.org/"}}, link("urlchain", "url"),
		file("v2/sub/x"), {Key: "z", Kind: core.Other, Problem: errors.New("a fifo")},
	}}
	d, err := Read(t.Context(), "./site", tree)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Link{
		"chain": {Status: StatusChain, Target: "latest", Final: "v2", Hops: 2}, "dangling": {Status: StatusDangling, Target: "gone", Hops: 1},
		"dangling2": {Status: StatusDangling, Target: "dangling", Final: "gone", Hops: 2}, "down": {Status: StatusDir, Target: ".", Hops: 1},
		"latest": {Status: StatusDir, Target: "v2", Hops: 1}, "page": {Status: StatusFile, Target: "a.html", Hops: 1},
		"ring1": {Status: StatusRing}, "ring2": {Status: StatusRing}, "self": {Status: StatusRing}, "toring": {Status: StatusRing},
		"url": {Status: StatusURL, Target: "https://example.org/", Hops: 1}, "urlchain": {Status: StatusChain, Target: "url", Final: "https://example.org/", Hops: 2},
		"z": {Status: StatusRefused, Problem: "a fifo"},
	}
	for _, got := range d.Links {
		key := d.Keys[got.Key]
		w := want[key]
		delete(want, key)
		if got.Status == StatusRing && w.Status == StatusRing {
			continue // the hops of a ring say nothing
		}
		if w.Key = got.Key; got != w {
			t.Errorf("%s: got %+v, want %+v", key, got, w)
		}
	}
	for key := range want {
		t.Errorf("%s is missing", key)
	}
}

func TestReadAsksForEntriesThatMayBeLinks(t *testing.T) {
	tree := entries{
		list: []core.Entry{{Key: "a", Kind: core.File, MaybeLink: true}, {Key: "b", Kind: core.File, MaybeLink: true}},
		stat: map[string]core.Entry{"a": link("a", "x")},
	}
	d, err := Read(t.Context(), "s3://b", tree)
	if err != nil || len(d.Links) != 1 || d.Keys[d.Links[0].Key] != "a" || len(d.Errors) != 1 || !strings.HasPrefix(d.Errors[0], "b: ") {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestAListingThatEndsEarlyIsNoTree(t *testing.T) {
	broken := errors.New("broken off")
	if d, err := Read(t.Context(), "s3://b", entries{list: []core.Entry{file("a")}, err: broken}); !errors.Is(err, broken) || d != nil {
		t.Errorf("got %+v, %v", d, err)
	}
}

func get(t *testing.T, h http.Handler, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	hostile := "<script>alert(1)</script>"
	h := Handler(func(context.Context) (*Data, error) {
		return &Data{Tree: hostile, Keys: []string{hostile}, Sizes: []int64{1}, Links: []Link{}, Errors: []string{}}, nil
	})
	for path, want := range map[string]int{"/": 200, "/app.js": 200, "/style.css": 200, "/data.json": 200, "/x": 404, "/static/app.js": 404} {
		resp := get(t, h, "GET", path, http.Header{})
		if resp.Code != want || !strings.HasPrefix(resp.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") {
			t.Errorf("%s: %d, %v", path, resp.Code, resp.Header())
		}
	}
	if resp := get(t, h, "POST", "/data.json", http.Header{}); resp.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", resp.Code)
	}
	resp := get(t, h, "GET", "/data.json", http.Header{"Accept-Encoding": {"gzip"}})
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var d Data
	if err := json.NewDecoder(z).Decode(&d); err != nil || d.Keys[0] != hostile {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestATreeThatCannotBeListedIsAnErrorOfThePage(t *testing.T) {
	h := Handler(func(context.Context) (*Data, error) { return nil, errors.New("access denied") })
	if resp := get(t, h, "GET", "/data.json", http.Header{}); resp.Code != http.StatusBadGateway {
		t.Errorf("got %d", resp.Code)
	}
}
