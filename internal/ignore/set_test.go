package ignore

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func rules(t *testing.T, patterns ...string) *Rules {
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

func TestWhatOneSideHidesIsHidden(t *testing.T) {
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

func TestStrangeKeysAreNeverLookedUp(t *testing.T) {
	set := NewSet(nil, nil, NewDir(t.TempDir()))
	for _, key := range []string{"", "/", "//", "../x", "a/../../x", "a//b", "/abs/x", "a/", ".", "a/\x00/b", strings.Repeat("d/", 2000) + "x"} {
		if set.Hidden(key) {
			t.Errorf("Hidden(%q) without a rule", key)
		}
	}
	if err := set.Err(); err != nil {
		t.Errorf("Err() = %v", err)
	}
}

func TestFrozenRulesSurviveTheirFilesAndTheCache(t *testing.T) {
	src := texts{"a": "x"}
	set := NewSet(nil, nil, src)
	check(t, set, map[string]bool{"a/x": true})
	set.Freeze()
	delete(src, "a")
	src["b"] = "x"
	for i := range 2 * maxFolders {
		set.Hidden("d" + strings.Repeat("x", i%200) + "/" + strings.Repeat("y", i/200) + "/f")
	}
	check(t, set, map[string]bool{"a/x": true, "b/x": false})
	if n := len(set.sides[0].folders); n > maxFolders {
		t.Errorf("%d directories are held, want at most %d", n, maxFolders)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDirReadsNestedFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, File, "*.log")
	write(t, dir, "a/b/"+File, "!keep.log")
	src := NewDir(dir)
	t.Cleanup(func() { _ = src.Close() })
	set := NewSet(nil, nil, src)
	check(t, set, map[string]bool{"x.log": true, "a/keep.log": true, "a/b/keep.log": false, "a/b/x.log": true, "none/there": false})
	if err := set.Err(); err != nil {
		t.Errorf("Err() = %v", err)
	}
}

func TestDirFollowsNoLinks(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, outside, File, "*")
	write(t, dir, "real/"+File, "x")
	for name, to := range map[string]string{"out": outside, "in": "real", "real/sub": "../real"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skipf("NOT RUN: no symbolic links here: %v", err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, File), filepath.Join(dir, File)); err != nil {
		t.Fatal(err)
	}
	src := NewDir(dir)
	t.Cleanup(func() { _ = src.Close() })
	check(t, NewSet(nil, nil, src), map[string]bool{"y": false, "out/y": false, "in/x": false, "real/x": true})
}

func TestADirThatIsNotThereHasNoRules(t *testing.T) {
	set := NewSet(nil, nil, NewDir(filepath.Join(t.TempDir(), "none")))
	check(t, set, map[string]bool{"x": false})
	if err := set.Err(); err != nil {
		t.Errorf("Err() = %v", err)
	}
}

func TestRulesThatCannotBeReadHideAllAndAreAnError(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/"+File, strings.Repeat("x\n", maxFileSize))
	set := NewSet(nil, nil, NewDir(dir))
	check(t, set, map[string]bool{"a/y": true, "b": false})
	if err := set.Err(); err == nil || !strings.Contains(err.Error(), File) {
		t.Errorf("Err() = %v, want one that names the file", err)
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
