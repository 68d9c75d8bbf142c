package torture

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/s3server"
)

// hostile are keys that other tools have followed out of the destination, or
// that no path can express.
var hostile = []string{
	"../x", "a/../../x", "..", ".", "a/./b", "a/..", "/abs", "//x", "a//b", "../../../../../../tmp/s3fc-torture", "a/../b",
	"nul\x01byte", "esc\x1b[2J", "new\nline", "bell\a", "d/", "d/../../y", "./z", "a/.", "/",
}

// Only the plain key arrives, nothing outside is touched, each of the others is
// named, and a push does not delete them.
func TestHostileKeysReachNoPath(t *testing.T) {
	l := newLab(t)
	objects := map[string]string{"good": "fine"}
	for _, key := range hostile {
		objects[key] = "hostile"
	}
	l.seed(objects)
	top := l.dir(map[string]string{"x": "mine", "y": "mine", "b": "mine"})
	dst := filepath.Join(top, "deep", "dst")
	got := l.want(0, "1 new (4 B), 20 refused", "copy", "-v", "s3://test", dst)
	l.same("around the destination", l.inDir(top), map[string]string{"x": "mine", "y": "mine", "b": "mine", "deep/dst/good": "fine"})
	if n := strings.Count(got.err, "refused: "); n != len(hostile) || strings.ContainsAny(got.err, "\x1b\a\x01") {
		t.Errorf("%d of %d are named: %q", n, len(hostile), got.err)
	}
	if _, err := os.Lstat("/tmp/s3fc-torture"); err == nil {
		t.Error("a key led out of the tree")
	}
	l.fill(dst, map[string]string{"other": "2"})
	if err := os.Remove(filepath.Join(dst, "good")); err != nil {
		t.Fatal(err)
	}
	l.want(0, "1 deleted", "copy", "--max-delete=1", dst, "s3://test")
	delete(objects, "good")
	objects["other"] = "2"
	if have := l.keys(); len(have) != len(objects) {
		t.Errorf("%d objects are left, want %d: %v", len(have), len(objects), have)
	}
}

// Names that only Windows reads as more than a name are plain names elsewhere,
// and refused there.
func TestNamesOfAnotherSystemStayNames(t *testing.T) {
	l := newLab(t)
	names := map[string]string{`C:\x`: "1", `..\x`: "2", `\\host\s`: "3", "... ": "4", "NUL": "5", "x:ads": "6", "trailing.": "7"}
	l.seed(names)
	dst := filepath.Join(t.TempDir(), "dst")
	l.want(0, "", "copy", "s3://test", dst)
	if filepath.Separator == '/' {
		l.same("directory", l.inDir(dst), names)
	}
}

// Several tools overwrite, or write into, the target of a planted link.
func TestNothingIsWrittenThroughAPlantedLink(t *testing.T) {
	l := newLab(t)
	was := map[string]string{"file": "precious", "d/x": "precious"}
	outside := l.dir(was)
	l.seed(map[string]string{"f.txt": "new", "d/x": "new", "d/y/z": "new", "in/x": "new"})
	dst := l.dir(map[string]string{"real/x": "kept"})
	for name, to := range map[string]string{"f.txt": outside + "/file", "d": outside + "/d", "in": "real"} {
		if err := os.Symlink(to, filepath.Join(dst, name)); err != nil {
			t.Fatal(err)
		}
	}
	// The links to outside are somebody's, and refused; an entry to go below them
	// is a conflict. The one inside is replaced.
	got := l.want(1, "conflict", "copy", "--delete=after", "--max-delete=100%", "--allow-empty-source", "s3://test", dst)
	l.same("outside", l.inDir(outside), was)
	now := l.inDir(dst)
	if now["f.txt"] != "→"+outside+"/file" || now["d"] != "→"+outside+"/d" || now["real/x"] != "kept" && now["real/x"] != "" {
		t.Errorf("%v\n%s", now, got.err)
	}
	if now["in/x"] == "new" && now["real/x"] == "new" {
		t.Error("it was written through the link inside the tree")
	}
}

// A listing can have a link and something below it, so that who makes the link
// first writes below where it points.
func TestALinkAndKeysBelowItInOneListing(t *testing.T) {
	l := newLab(t)
	top := l.dir(map[string]string{"outside/x": "precious"})
	dst := filepath.Join(top, "dst")
	l.seed(map[string]string{"a": "1", "d/evil": "evil", "real/x": "r"})
	for key, to := range map[string]string{"d": "/../outside", "e": "/real"} {
		l.put(key, "", redirect(to))
	}
	l.put("e/x", "evil")
	for range 3 {
		l.run("copy", "-j", "16", "s3://test", dst)
		now := l.inDir(top)
		if now["outside/x"] != "precious" || now["outside/evil"] != "" || now["dst/real/x"] != "r" || now["dst/a"] != "1" {
			t.Fatalf("%v", now)
		}
	}
	if got := l.inBucket(); got["e/x"] != "evil" || got["d/evil"] != "evil" {
		t.Errorf("the bucket has %v", got)
	}
}

// One tool truncated local files and then failed to get them.
func TestAFailedDownloadLeavesTheOldFile(t *testing.T) {
	for name, spoil := range map[string]func(*http.Response, []byte){
		"cut":         func(r *http.Response, b []byte) { r.Body = io.NopCloser(bytes.NewReader(b[:len(b)/2])) },
		"longer":      func(r *http.Response, b []byte) { r.Body = io.NopCloser(bytes.NewReader(append(b, "more"...))) },
		"other bytes": func(r *http.Response, b []byte) { b[0] ^= 1; r.Body = io.NopCloser(bytes.NewReader(b)) },
		"an error page": func(r *http.Response, _ []byte) {
			r.StatusCode, r.Body = http.StatusInternalServerError, io.NopCloser(strings.NewReader("oops"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			small, large := strings.Repeat("new ", 100), strings.Repeat("newer ", 1<<19)
			l.want(0, "", "copy", l.dir(map[string]string{"small": small, "large": large, "fine": "f"}), "s3://test")
			old := map[string]string{"small": "old", "large": "older", "extra": "kept after a failure"}
			dst := l.dir(old)
			l.send = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if err != nil || r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "l") && !strings.HasSuffix(r.URL.Path, "e") || strings.HasSuffix(r.URL.Path, "fine") {
					return resp, err
				}
				b, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				spoil(resp, b)
				return resp, err
			}
			l.want(1, "error", "copy", "s3://test", dst)
			l.send = nil
			old["fine"] = "f"
			l.same("directory", l.inDir(dst), old)
			l.want(0, "2 changed", "copy", "s3://test", dst)
			l.same("after a second run", l.inDir(dst), map[string]string{"small": small, "large": large, "fine": "f"})
		})
	}
}

// A key and keys below it can both be in a bucket, and not in a directory.
func TestAnObjectAndAPrefixOfOneNameAreAConflictThatTouchesNeither(t *testing.T) {
	l := newLab(t)
	objects := map[string]string{"a": "file", "a/b": "below", "m/": "", "m/x": "x", "z": "z"}
	l.seed(objects)
	dst := l.dir(map[string]string{"a/b": "old", "gone": "g"})
	l.want(1, "2 conflicts", "copy", "s3://test", dst)
	if now := l.inDir(dst); now["a/b"] != "old" || now["z"] != "z" || now["m/x"] != "x" {
		t.Errorf("%v", now)
	}
	l.same("bucket", l.inBucket(), objects)
}

// A file where a directory has to be, and the reverse, both ways.
func TestAFileAndADirectoryTakeEachOthersPlace(t *testing.T) {
	for _, quirks := range [][]s3server.Quirk{nil, {s3server.IgnoresConditions}} {
		l := newLab(t, s3server.With(quirks...))
		one := map[string]string{"a": "file", "b/x": "x", "b/y/z": "z", "c": "→b", "keep": "k"}
		two := map[string]string{"a/1": "1", "a/2/3": "3", "b": "file", "c/x": "x", "keep": "k"}
		src := map[bool]string{true: l.dir(one), false: l.dir(two)}
		want := map[bool]map[string]string{true: one, false: two}
		dst := t.TempDir()
		for _, first := range []bool{true, false, true} {
			l.want(0, "", "copy", "--max-delete=100%", src[first], "s3://test")
			l.want(0, "", "copy", "--max-delete=100%", "s3://test", dst)
			l.same("directory", l.inDir(dst), want[first])
			bucket := maps.Clone(want[first])
			if bucket["c"] == "→b" {
				bucket["c"] = "→/b/"
			}
			l.same("bucket", l.inBucket(), bucket)
		}
	}
}
