package ignore

import (
	"io/fs"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	for _, tt := range []struct {
		name, rules string
		hidden      string // keys, separated by spaces
		shown       string
	}{
		{"a name at any depth", "*.log", "x.log a/b/x.log", "x.logs a/x"},
		{"a name hides what is below it", "tmp", "tmp tmp/x a/tmp/b/c", "tmpx a/tmps"},
		{"a final slash means directories", "build/", "build/x a/build/y", "build a/build"},
		{"a leading slash means here", "/a.txt", "a.txt", "b/a.txt"},
		{"a slash inside means here", "docs/*.md", "docs/a.md", "docs/x/a.md x/docs/a.md"},
		{"two stars in front", "**/foo", "foo a/foo a/b/foo/x", "afoo"},
		{"two stars between", "a/**/b", "a/b a/x/b a/x/y/b", "a/xb b"},
		{"two stars at the end", "a/**", "a/x a/x/y", "a b/a"},
		{"later rules win", "*.txt\n!keep.txt", "a.txt", "keep.txt d/keep.txt"},
		{"no exception below a hidden directory", "d/\n!d/keep", "d/keep d/x", ""},
		{"an exception for all but one directory", "/*\n!/d/", "x y/z", "d/x d/e/f"},
		{"an escaped exclamation mark", `\!x`, "!x", "x"},
		{"an escaped hash", `\#x`, "#x", "x"},
		{"a byte order mark", "\ufeffx", "x", "y"},
		{"one byte", "a?c", "abc", "aéc ac a/c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := NewSet(nil, nil, texts{".": tt.rules})
			for _, key := range strings.Fields(tt.hidden) {
				if !set.Hidden(key) {
					t.Errorf("Hidden(%q) = false under %q", key, tt.rules)
				}
			}
			for _, key := range strings.Fields(tt.shown) {
				if set.Hidden(key) {
					t.Errorf("Hidden(%q) = true under %q", key, tt.rules)
				}
			}
		})
	}
}

func TestSpacesAtTheEndCountOnlyEscaped(t *testing.T) {
	set := NewSet(nil, nil, texts{".": "a  \nb\\ \nc \\ d\n   \n"})
	for key, want := range map[string]bool{"a": true, "a  ": false, "b ": true, "b": false, "c  d": true, "   ": false} {
		if got := set.Hidden(key); got != want {
			t.Errorf("Hidden(%q) = %v, want %v", key, got, want)
		}
	}
}

func TestCommandLineTakesPatternsLiterally(t *testing.T) {
	r := new(Rules)
	for _, p := range []string{"#x", "y "} {
		if err := r.Exclude(p); err != nil {
			t.Fatal(err)
		}
	}
	set := NewSet(r, nil)
	for key, want := range map[string]bool{"#x": true, "y ": true, "y": false} {
		if got := set.Hidden(key); got != want {
			t.Errorf("Hidden(%q) = %v, want %v", key, got, want)
		}
	}
}

func TestPatternsThatCannotMatchAreRefused(t *testing.T) {
	for _, p := range []string{"", "!", "/", "!/", "//", "[x", `x\`, "[[:nope:]]"} {
		if err := new(Rules).Exclude(p); err == nil {
			t.Errorf("Exclude(%q) is accepted", p)
		}
	}
	if err := new(Rules).Include("!x"); err == nil {
		t.Error(`Include("!x") is accepted`)
	}
}

// A glob that backtracks would not end here in a lifetime.
func TestMatchingTakesNoExponentialTime(t *testing.T) {
	g, _ := compile(strings.Repeat("*a", 100) + strings.Repeat("**/", 100) + "b")
	if g.match(strings.Repeat("a/", 500)) {
		t.Error("a match of what does not match")
	}
}

func FuzzHidden(f *testing.F) {
	f.Add("*.log\n!x/\n/a/**/b", "a/c/b")
	f.Add("[[:alpha:]-]\\", "../\x00//")
	f.Add("\ufeff**\r\n \\ ", "/")
	f.Fuzz(func(t *testing.T, text, key string) {
		rules, err := Parse(text)
		set := NewSet(nil, rules, texts{".": text, "a": text})
		if err != nil && !set.Hidden("x") {
			t.Errorf("nothing is hidden, though the rules %q cannot be read: %v", text, err)
		}
		hidden := set.Hidden(key)
		set.Freeze()
		if again := set.Hidden(key); again != hidden {
			t.Errorf("Hidden(%q) = %v, and then %v", key, hidden, again)
		}
		if below := set.Hidden(key + "/x"); fs.ValidPath(key) && err == nil && hidden && !below && !strings.Contains(text, "/") {
			t.Errorf("%q is hidden under %q, and %q is not", key, text, key+"/x")
		}
	})
}

func BenchmarkHidden(b *testing.B) {
	for name, flags := range map[string]string{"defaults": "", "rules": "*.tmp\nnode_modules/\n/build/\ndocs/**/*.bak"} {
		b.Run(name, func(b *testing.B) {
			set := NewSet(rules(b, strings.Fields(flags)...), rules(b, ".DS_Store", "._*"), texts{})
			for b.Loop() {
				set.Hidden("content/posts/2024/a-long-name-of-an-article/index.html")
			}
		})
	}
}

// Comparing the end before a glob is run never changes its matches.
func TestComparingTheEndFirstChangesNothing(t *testing.T) {
	patterns, keys := words("a/*?", 6), words("ab/", 4)
	for _, p := range patterns {
		g, ok := compile(p)
		if !ok {
			t.Fatalf("%q cannot be compiled", p)
		}
		slow := g
		slow.suffix = ""
		for _, key := range keys {
			if got, want := g.match(key), slow.match(key); got != want {
				t.Fatalf("%q on %q: got %v, want %v", p, key, got, want)
			}
		}
	}
}

// words returns all words of up to n of the letters.
func words(letters string, n int) []string {
	all := []string{""}
	for from := 0; n > 0; n-- {
		longest := all[from:]
		from = len(all)
		for _, w := range longest {
			for _, l := range letters {
				all = append(all, w+string(l))
			}
		}
	}
	return all
}
