package torture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
)

// unchanged checks that nothing is to be done either way, for the listing alone.
func (l *lab) unchanged(dir string) {
	l.Helper()
	for _, args := range [][]string{{dir, "s3://test"}, {"s3://test", dir}} {
		l.fake.ResetLog()
		l.want(0, "nothing to do", "copy", args[0], args[1])
		if got := l.fake.Requests(); got[core.ClassList] != got.Total() {
			l.Errorf("an unchanged tree costs %v", got)
		}
	}
}

// The order of a walk is not that of a listing: tools that joined the two as
// they came deleted files, and sent them again the next time.
func TestOrderIsThatOfBytesNotOfWalks(t *testing.T) {
	l := newLab(t)
	files := map[string]string{}
	for _, key := range []string{"a/1", "a-b", "a.b", "a b", "a!", "a0", "aa", "A", "é", "z", "a/b/c", "a/b-c", "a/b.c", "\u00ff", "\ufffd", "𝄞", "a#", "a_"} {
		files[key] = "of " + key
	}
	src := l.dir(files)
	l.want(0, "18 new", "copy", src, "s3://test")
	l.same("bucket", l.inBucket(), files)
	l.unchanged(src)
	back := filepath.Join(t.TempDir(), "back")
	l.want(0, "18 new", "copy", "s3://test", back)
	l.same("directory", l.inDir(back), files)
}

// Characters that mean something to a URL, a shell or a glob mean nothing here.
func TestAwkwardNamesMakeTheRoundTrip(t *testing.T) {
	l := newLab(t)
	files := map[string]string{}
	for _, key := range []string{
		"plus+plus", "per%cent", "per%20cent", "100%", "hash#", "quest?ion", "st*r", "[a-z]", "{x}", "amp&amp;", "<tag>", `quo"te`, "it's",
		"back`tick", "$HOME", "semi;colon", "comma,", "equals=", "at@", "tilde~", "car^et", "pipe|", "!bang", " lead", "trail ", "a  b",
		"e\u0301-nfd", "\u00e9-nfc", "Case", "case", "-n", "--delete", "x/-rf", strings.Repeat("n", 255), strings.Repeat("long/", 200) + "end",
	} {
		files[key] = key
	}
	src := l.dir(files)
	l.want(0, "", "copy", src, "s3://test")
	l.same("bucket", l.inBucket(), files)
	l.unchanged(src)
	back := filepath.Join(t.TempDir(), "back")
	l.want(0, "", "copy", "s3://test", back)
	l.same("directory", l.inDir(back), files)
}

// A name that no key can be is named, and takes nothing else with it.
func TestNamesThatNoKeyCanBeAreRefusedByName(t *testing.T) {
	l := newLab(t)
	src := l.dir(map[string]string{"good": "g", "ctl\x01": "c", "new\nline": "n"})
	if err := os.WriteFile(filepath.Join(src, "bad\xff"), []byte("b"), 0o666); err != nil {
		t.Skipf("NOT RUN: the file system takes no such names: %v", err)
	}
	l.seed(map[string]string{"extra": "e"})
	got := l.want(0, "1 new (1 B), 1 deleted, 3 refused", "copy", "--max-delete=1", src, "s3://test")
	l.same("bucket", l.inBucket(), map[string]string{"good": "g"})
	for _, name := range []string{`"ctl\x01"`, `"new\nline"`, `"bad\xff"`} {
		if !strings.Contains(got.err, name) {
			t.Errorf("%s is not named: %s", name, got.err)
		}
	}
}

// Most tools compare size and time, and miss a change of neither, or one that
// looks older.
func TestAChangeOfNeitherSizeNorTimeIsCopied(t *testing.T) {
	l := newLab(t)
	when := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	src := l.dir(map[string]string{"same": "aaaa", "older": "aaaa", "newer": "aaaa", "touched": "aaaa"})
	at := func(dir, name string, mtime time.Time) {
		t.Helper()
		if err := os.Chtimes(filepath.Join(dir, name), mtime, mtime); err != nil {
			t.Fatal(err)
		}
	}
	for name := range l.inDir(src) {
		at(src, name, when)
	}
	l.want(0, "4 new", "copy", src, "s3://test")
	pulled := filepath.Join(t.TempDir(), "pulled")
	l.want(0, "4 new", "copy", "s3://test", pulled)
	for name, mtime := range map[string]time.Time{"same": when, "older": when.Add(-time.Hour), "newer": when.Add(time.Hour)} {
		l.write(filepath.Join(src, name), "bbbb")
		at(src, name, mtime)
	}
	at(src, "touched", when.Add(time.Hour))
	l.want(0, "3 changed (12 B), 1 unchanged", "copy", src, "s3://test")
	want := map[string]string{"same": "bbbb", "older": "bbbb", "newer": "bbbb", "touched": "aaaa"}
	l.same("bucket", l.inBucket(), want)
	at(pulled, "older", when.Add(24*time.Hour)) // newer than the object: still another
	l.want(0, "3 changed (12 B), 1 unchanged", "copy", "s3://test", pulled)
	l.same("directory", l.inDir(pulled), want)
}
