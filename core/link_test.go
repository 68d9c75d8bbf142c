package core

import "testing"

func TestRelAndResolve(t *testing.T) {
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
		if got, ok := Resolve(c.key, c.text); !ok || got != c.target {
			t.Errorf("Resolve(%q, %q) = %q, %v, want %q", c.key, c.text, got, ok, c.target)
		}
	}
}

func TestResolveIsLenientInFormAndStrictAboutTheTree(t *testing.T) {
	for _, c := range []struct {
		key, text, want string
		ok              bool
	}{
		{"d/a", "./b", "d/b", true},
		{"d/a", "b/", "d/b", true},
		{"d/a", "..//d/./b", "d/b", true},
		{"d/a", "x/../b", "d/b", true},
		{"a", "..", "", false},
		{"d/a", "../../d/b", "", false}, // leaves and re-enters
		{"a", "/b", "", false},
		{"a", "", "", false},
		{"a", "b\x00", "b\x00", false},
		{"a", "b\xff", "b\xff", false},
	} {
		got, ok := Resolve(c.key, c.text)
		if ok != c.ok || (ok && got != c.want) {
			t.Errorf("Resolve(%q, %q) = %q, %v, want %q, %v", c.key, c.text, got, ok, c.want, c.ok)
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

func FuzzResolveRel(f *testing.F) {
	f.Add("a/b/c", "a/d")
	f.Add("a", ".")
	f.Add("x/y", "x")
	f.Fuzz(func(t *testing.T, key, target string) {
		if !ValidKey(key) || (target != "." && !ValidKey(target)) {
			if text, ok := Resolve(key, target); ok && text != "." && !ValidKey(text) {
				t.Fatalf("Resolve(%q, %q) = %q, which is no key", key, target, text)
			}
			return
		}
		text := Rel(key, target)
		if got, ok := Resolve(key, text); !ok || got != target {
			t.Fatalf("Resolve(%q, Rel = %q) = %q, %v, want %q", key, text, got, ok, target)
		}
	})
}
