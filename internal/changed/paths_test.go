package changed

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func list(prefix string, limit int, keys ...string) string {
	p := New(prefix, limit)
	for _, key := range keys {
		p.Add(key)
	}
	return strings.Join(p.List(), " ")
}

func TestPaths(t *testing.T) {
	for _, c := range []struct {
		prefix string
		limit  int
		keys   []string
		want   string
	}{
		{"", 10, nil, ""},
		{"", 10, []string{"index.html", "b é+.css", "docs/index.html", "latest"}, "/ /b%20%C3%A9%2B.css /docs/ /docs/index.html /index.html /latest"},
		{"/site/", 10, []string{"a", "index.html"}, "/site/ /site/a /site/index.html"},
		{"", 3, []string{"a/1", "a/2", "a/3", "b/1", "c"}, "/a/* /b/1 /c"},
		{"", 2, []string{"a/1", "a/2", "b/1", "b/2"}, "/a/* /b/*"},
		{"", 1, []string{"a/1", "b/x/2"}, "/*"},
		{"", 2, []string{"a/x/1", "a/x/2", "a/y/1", "b"}, "/a/* /b"},
		{"", 3, []string{"myindex.html", "a"}, "/a /myindex.html"},
	} {
		if got := list(c.prefix, c.limit, c.keys...); got != c.want {
			t.Errorf("%q below %q, at most %d: %q, want %q", c.keys, c.prefix, c.limit, got, c.want)
		}
	}
}

// TestFoldedPathsCoverAll checks that there are never too many, and that each path that
// was added is there or below a wildcard.
func TestFoldedPathsCoverAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 6).Draw(t, "limit")
		p := New("", limit)
		p.bound = rapid.IntRange(limit, 20).Draw(t, "bound")
		var keys []string
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			key := path.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "index.html"}), 1, 4).Draw(t, "key")...)
			keys = append(keys, key)
			p.Add(key)
		}
		got := p.List()
		if len(got) > limit || len(keys) > 0 && len(got) == 0 {
			t.Fatalf("%d paths, at most %d: %q", len(got), limit, got)
		}
		for _, key := range keys {
			if !covered(got, "/"+key) {
				t.Fatalf("%s is not among %q", key, got)
			}
		}
	})
}

func covered(list []string, path string) bool {
	for _, l := range list {
		if dir, wild := strings.CutSuffix(l, "*"); l == path || wild && strings.HasPrefix(path, dir) {
			return true
		}
	}
	return false
}

func BenchmarkFold(b *testing.B) {
	for b.Loop() {
		p := New("", 100)
		for i := range 300_000 {
			p.Add(fmt.Sprintf("d%d/e%d/f%d.html", i%500, i%7, i))
		}
		p.List()
	}
}
