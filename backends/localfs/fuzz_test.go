//go:build unix

package localfs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// FuzzKeyToPath checks that no key touches anything outside the root, and that a
// stored entry is found again under its key and no other.
func FuzzKeyToPath(f *testing.F) {
	for _, key := range []string{"a", "a/b", "../canary/x", "a/../../canary/x", "/etc/x", "//x", "a//b", "./x", "..", ".", "", "a/", "a\x00b", "\xff", "in/x", "out/x", "out/../x", kit.TempName(""), "a\\..\\x", "C:\\x", longName(256)} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		base := t.TempDir()
		dir := filepath.Join(base, "tree")
		write(t, base, "canary/x", "tree/real/x", "tree/out -> ../canary", "tree/in -> real")
		tr := open(t, dir, Options{})
		before, keys := onDisk(t, base), shown(t, tr)
		useKey(t, tr, key, keys)
		after := onDisk(t, base)
		for _, name := range []string{"canary/x", "tree/in -> real", "tree/out -> ../canary"} {
			if !slices.Contains(after, name) && !strings.HasPrefix("tree/"+key, name[:6]) {
				t.Errorf("%q took %s away", key, name)
			}
		}
		if !slices.Equal(before[:1], after[:1]) || readFile(t, filepath.Join(base, "canary/x")) != "canary/x" {
			t.Errorf("%q touched what is outside: %q", key, after)
		}
	})
}

// useKey calls each operation with key, and checks the listing.
func useKey(t *testing.T, tr *Tree, key string, keys []string) {
	t.Helper()
	ctx := t.Context()
	e, err := tr.Put(ctx, file(key, "new"), strings.NewReader("new"), nil)
	if (err == nil) != slices.Contains(shown(t, tr), key) && !slices.Contains(keys, key) {
		t.Errorf("%q: put says %v, the listing %q", key, err, shown(t, tr))
	}
	if err != nil {
		_ = tr.Delete(ctx, core.Entry{Key: key, Kind: core.File})
		_, _ = tr.Stat(ctx, key)
		if r, _, err := tr.Open(ctx, key); err == nil && r != nil {
			_ = r.Close()
		}
		equal(t, "a refused key changes nothing", shown(t, tr), keys)
		return
	}
	if got := contentOf(t, tr, key); got != "new" || !core.ValidKey(key) {
		t.Errorf("%q: got %q", key, got)
	}
	if err := tr.Delete(ctx, e); err != nil {
		t.Errorf("%q: %v", key, err)
	}
	equal(t, "after the delete", shown(t, tr), keys)
}

// FuzzResolveLink: in a random tree of links, each leads where the file system
// says it leads, or is refused because that is nowhere or outside.
func FuzzResolveLink(f *testing.F) {
	for _, seed := range []string{"a>b", "a>b;b>a", "a/b>../c;c>d;d/e", "a>.;b>a/a/a/b", "a/b/c;d>a/b;e>d/../b/c", "a>../tree/b;b>/", "l>ROOT/a/b;a/b>..", "a>b/c;b>d;d/c>ROOT/d", "x>../outside/y/../../tree;z>x/z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, desc string) {
		base, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(base, "tree")
		write(t, base, "tree/", "outside/y")
		grow(dir, desc)
		tr := open(t, dir, Options{})
		for e, err := range tr.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Lstat(filepath.Join(dir, e.Key)); err == nil && info.Mode()&os.ModeSymlink != 0 {
				checkLink(t, dir, e)
			}
		}
	})
}

// grow makes the entries that a fuzzer wrote: files, and links as key>text, apart
// by semicolons. Those that cannot be made are left out.
func grow(dir, desc string) {
	for n, part := range strings.SplitN(desc, ";", 13) {
		key, text, isLink := strings.Cut(part, ">")
		if n == 12 || !core.ValidKey(key) || len(key) > 200 || strings.ContainsRune(text, 0) {
			continue
		}
		if isLink {
			key += " -> " + strings.Replace(text, "ROOT", dir, 1)
		}
		if strings.Count(key, " -> ") <= 1 && !passesLink(dir, key) {
			_ = writeOne(dir, key)
		}
	}
}

// passesLink reports whether writing key would pass a link, and so could leave
// the tree.
func passesLink(dir, key string) bool {
	key, _, _ = strings.Cut(key, " -> ")
	for i := range key {
		if key[i] != '/' {
			continue
		}
		if info, err := os.Lstat(filepath.Join(dir, key[:i])); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}

func checkLink(t *testing.T, dir string, e core.Entry) {
	t.Helper()
	end, err := filepath.EvalSymlinks(filepath.Join(dir, e.Key))
	inside := end == dir || strings.HasPrefix(end, dir+"/")
	switch {
	case err != nil: // dangling, a ring, or too long a way: whatever we say, it promises nothing
		if e.Kind == core.Link && e.Target.Dir == core.IsDir {
			t.Errorf("%s leads nowhere (%v), got %+v", e.Key, err, e.Target)
		}
	case e.Kind == core.Link:
		got, err := filepath.EvalSymlinks(filepath.Join(dir, e.Target.Key))
		if err != nil || got != end {
			t.Errorf("%s leads to %s, got %s, which leads to %s, %v", e.Key, end, e.Target.Key, got, err)
		}
		info, err := os.Lstat(filepath.Join(dir, e.Target.Key))
		if err != nil || (e.Target.Dir == core.IsDir) != info.IsDir() {
			t.Errorf("%s: got %v, %v", e.Key, e.Target, err)
		}
	case inside && !mayRefuse(e.Problem):
		t.Errorf("%s leads to %s, and was refused: %v", e.Key, end, e.Problem)
	}
}

// mayRefuse reports whether a link inside may be refused: the way to its target
// leaves the tree, its name is not a key, or its text looks like a URL.
func mayRefuse(problem error) bool {
	for _, reason := range []string{"outside the tree", "cannot be a key", "is the URL", "cannot be carried"} {
		if strings.Contains(problem.Error(), reason) {
			return true
		}
	}
	return false
}
