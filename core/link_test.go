package core

import (
	"path"
	"strings"
	"testing"
)

func TestRel(t *testing.T) {
	for _, c := range []struct{ key, target, text string }{
		{"a", "b", "b"},
		{"a", "a", "a"},
		{"a", ".", "."},
		{"d/a", ".", ".."},
		{"d/a", "d", "."},
		{"d/a", "d/b", "b"},
		{"d/e/a", "d", ".."},
		{"d/e/a", "x/y", "../../x/y"},
		{"latest", "v2", "v2"},
		{"a", "b c/%41?#+é", "b c/%41?#+é"},
	} {
		if got := Rel(c.key, c.target); got != c.text {
			t.Errorf("Rel(%q, %q) = %q, want %q", c.key, c.target, got, c.text)
		}
		if got, ok := resolve(c.key, c.text); !ok || got != c.target {
			t.Errorf("resolve(%q, %q) = %q, %v, want %q", c.key, c.text, got, ok, c.target)
		}
	}
}

func TestTargetCheck(t *testing.T) {
	for _, c := range []struct {
		t  Target
		ok bool
	}{
		{Target{Key: "a/b"}, true},
		{Target{Key: "."}, true},
		{Target{URL: "https://example.org/a?b#c"}, true},
		{Target{}, false},
		{Target{Key: "a", URL: "https://example.org/"}, false},
		{Target{Key: "../a"}, false},
		{Target{URL: "ftp://example.org/"}, false},
		{Target{URL: "https:///x"}, false},
		{Target{URL: "//example.org"}, false},
		{Target{URL: "https://example.org/a b"}, false},
		{Target{URL: "https://example.org/\r\nx"}, false},
		{Target{URL: "https://example.org/é"}, false},
	} {
		if err := c.t.Check(); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.t, err)
		}
	}
}

// resolve is the inverse of Rel: the key that the link text names in a link at
// key, lexically. It refuses a text that is empty, absolute, or leaves the tree
// on its way, and one whose result is not a valid key.
func resolve(key, text string) (target string, ok bool) {
	if text == "" || text[0] == '/' {
		return "", false
	}
	var at []string
	if dir := path.Dir(key); dir != "." {
		at = strings.Split(dir, "/")
	}
	for seg := range strings.SplitSeq(text, "/") {
		switch seg {
		case "", ".":
		case "..":
			if len(at) == 0 {
				return "", false
			}
			at = at[:len(at)-1]
		default:
			at = append(at, seg)
		}
	}
	if len(at) == 0 {
		return ".", true
	}
	target = strings.Join(at, "/")
	return target, ValidKey(target)
}

func FuzzRel(f *testing.F) {
	f.Add("a/b/c", "a/d")
	f.Add("a", ".")
	f.Add("x/y", "x")
	f.Fuzz(func(t *testing.T, key, target string) {
		if !ValidKey(key) || (target != "." && !ValidKey(target)) {
			if text, ok := resolve(key, target); ok && text != "." && !ValidKey(text) {
				t.Fatalf("resolve(%q, %q) = %q, which is no key", key, target, text)
			}
			return
		}
		text := Rel(key, target)
		if got, ok := resolve(key, text); !ok || got != target {
			t.Fatalf("resolve(%q, Rel = %q) = %q, %v, want %q", key, text, got, ok, target)
		}
	})
}
