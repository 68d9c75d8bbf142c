package core

import "testing"

func TestValidKey(t *testing.T) {
	for key, want := range map[string]bool{
		"a": true, "a/b": true, "a b": true, "é/日本": true, "a-b": true, "...": true, "..a": true, `a\b`: true, "a%2Fb": true,
		"": false, ".": false, "..": false, "/a": false, "a/": false, "a//b": false, "./a": false, "a/./b": false,
		"a/../b": false, "../a": false, "a/..": false, "a\x00": false, "a\n": false, "a\x7f": false, "a\u0085": false, "a\xff": false,
	} {
		if got := ValidKey(key); got != want {
			t.Errorf("ValidKey(%q) = %v (%v)", key, got, CheckKey(key))
		}
	}
}

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		key, dir string
		want     bool
	}{{"a/b", "a", true}, {"a/b/c", "a", true}, {"a", "a", false}, {"a-b", "a", false}, {"ab", "a", false}, {"a", ".", true}} {
		if got := Below(c.key, c.dir); got != c.want {
			t.Errorf("Below(%q, %q) = %v", c.key, c.dir, got)
		}
	}
}

func TestDisplayKeyMakesHostileKeysInert(t *testing.T) {
	for key, want := range map[string]string{
		"a b/é": "a b/é", "a\x1b[31m": `"a\x1b[31m"`, "a\nb": `"a\nb"`, "a\xff": `"a\xff"`, "": `""`, "a\u202eb": `"a\u202eb"`,
	} {
		if got := DisplayKey(key); got != want {
			t.Errorf("DisplayKey(%q) = %s, want %s", key, got, want)
		}
	}
}

func TestMoreBelow(t *testing.T) {
	for _, c := range []struct {
		key, next string
		want      bool
	}{
		{"a", "a", true},
		{"a", "a-b", true},
		{"a", "a.txt", true},
		{"a", "a/1", true},
		{"a", "a0", false},
		{"a", "b", false},
		{"a/b", "a/c", false},
	} {
		if got := MoreBelow(c.key, c.next); got != c.want {
			t.Errorf("MoreBelow(%q, %q) = %v", c.key, c.next, got)
		}
	}
}
