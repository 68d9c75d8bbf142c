package ignore

import (
	"strings"
	"sync"
	"testing"
)

func rules(t testing.TB, patterns ...string) *Rules {
	t.Helper()
	r := new(Rules)
	for _, p := range patterns {
		if err := r.Exclude(p); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func check(t *testing.T, set *Set, want map[string]bool) {
	t.Helper()
	for key, hidden := range want {
		if got := set.Hidden(key); got != hidden {
			t.Errorf("Hidden(%q) = %v, want %v", key, got, hidden)
		}
	}
}

func TestRulesOfADirectoryApplyBelowIt(t *testing.T) {
	set := NewSet(nil, nil, texts{"a": "x\n/y\nb/z", ".": "w"})
	check(t, set, map[string]bool{
		"x": false, "a/x": true, "a/c/x": true, "y": false, "a/y": true, "a/c/y": false, "a/b/z": true, "b/z": false, "a/w": true,
	})
}

func TestInnerRulesBeatOuterOnes(t *testing.T) {
	set := NewSet(nil, nil, texts{".": "x", "a": "!x", "a/b": "x"})
	check(t, set, map[string]bool{"x": true, "a/x": false, "a/b/x": true})
}

func TestCommandLineBeatsFilesAndFilesBeatDefaults(t *testing.T) {
	set := NewSet(rules(t, "!a", "b"), rules(t, "c", "d"), texts{".": "a\n!b\n!c"})
	check(t, set, map[string]bool{"a": false, "b": true, "c": false, "d": true})
}

func TestAnEntryHiddenOnOneSideIsHidden(t *testing.T) {
	set := NewSet(nil, nil, texts{".": "x"}, texts{".": "!x\ny"})
	check(t, set, map[string]bool{"x": true, "y": true, "z": false})
}

func TestAKeyWithASlashAtItsEndIsTheDirectory(t *testing.T) {
	set := NewSet(nil, nil, texts{".": "a/\nb\n*.x\n", "c": "*\n!*/"})
	check(t, set, map[string]bool{"a/": true, "a": false, "b/": true, "c/": false, "c/d/": false, "c/d/e": true, "a/d/": true, "/": false})
}

func TestAFileInAHiddenDirectoryIsNotRead(t *testing.T) {
	set := NewSet(nil, nil, texts{".": "a/", "a": "!x"})
	check(t, set, map[string]bool{"a/x": true})
}

func TestFrozenRulesSurviveTheirFilesAndTheCache(t *testing.T) {
	src := texts{"a": "x"}
	set := NewSet(nil, nil, src)
	check(t, set, map[string]bool{"a/x": true})
	set.Freeze()
	delete(src, "a")
	src["b"] = "x"
	for i := range 2 * maxDirs {
		set.Hidden("d" + strings.Repeat("x", i%200) + "/" + strings.Repeat("y", i/200) + "/f")
	}
	check(t, set, map[string]bool{"a/x": true, "b/x": false})
	if n := len(set.sides[0].dirs); n > maxDirs {
		t.Errorf("%d directories are held, want at most %d", n, maxDirs)
	}
}

func TestSetIsSafeForConcurrentUse(t *testing.T) {
	set := NewSet(nil, nil, texts{".": "x", "a": "!x"})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				check(t, set, map[string]bool{"x": true, "a/x": false, "a/b/c": false})
			}
		})
	}
	wg.Wait()
}
