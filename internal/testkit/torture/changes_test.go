package torture

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

var longAgo = time.Unix(1_000_000_000, 0)

// age makes the modification time of everything in a directory the same.
func (l *lab) age(dir string) {
	l.Helper()
	for key := range l.inDir(dir) {
		if err := os.Chtimes(filepath.Join(dir, key), longAgo, longAgo); err != nil {
			l.Fatal(err)
		}
	}
}

// furtive are changes of a directory after which every file has the size and the
// modification time that it had. They change f, other, d/x and e/x, which are
// of one size.
var furtive = map[string]func(dir string) error{
	"written in place": func(dir string) error {
		f, err := os.OpenFile(filepath.Join(dir, "f"), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("changed")
		return errors.Join(err, f.Close())
	},
	"written anew": func(dir string) error { return os.WriteFile(filepath.Join(dir, "f"), []byte("changed"), 0o666) },
	"another file in its place": func(dir string) error {
		at := filepath.Join(dir, "f")
		return errors.Join(os.WriteFile(at+".new", []byte("changed"), 0o666), os.Chtimes(at+".new", longAgo, longAgo), os.Rename(at+".new", at))
	},
	"a second name of another file in its place": func(dir string) error {
		at := filepath.Join(dir, "f")
		return errors.Join(os.Link(filepath.Join(dir, "other"), at+".new"), os.Rename(at+".new", at))
	},
	"two files swapped":       func(dir string) error { return swap(dir, "f", "other") },
	"two directories swapped": func(dir string) error { return swap(dir, "d", "e") },
	"removed and made again": func(dir string) error {
		at := filepath.Join(dir, "f")
		return errors.Join(os.Remove(at), os.WriteFile(at, []byte("changed"), 0o666))
	},
}

func swap(dir, a, b string) error {
	a, b = filepath.Join(dir, a), filepath.Join(dir, b)
	return errors.Join(os.Rename(a, a+".old"), os.Rename(b, a), os.Rename(a+".old", b))
}

var oneSize = map[string]string{"f": "content", "other": "another", "d/x": "d has x", "e/x": "e has x", "same": "as ever"}

// A file that changes between two runs is copied, although it has the size and
// the time that it had, and the runs remember it; and a pull puts it right.
func TestNoChangeBetweenRunsIsMissed(t *testing.T) {
	long.Only(t)
	for what, change := range furtive {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, s3server.KMS)
			l.remember(true)
			dir := l.dir(oneSize)
			l.age(dir)
			l.want(0, "5 new", "copy", dir, "s3://test")
			l.want(0, "nothing to do", "copy", dir, "s3://test")
			l.furtively(dir, change)
			l.want(0, " changed (", "copy", dir, "s3://test")
			l.same("bucket", l.inBucket(), l.inDir(dir))
			l.want(0, "nothing to do", "copy", "s3://test", dir)

			before := l.inDir(dir)
			l.furtively(dir, furtive["two directories swapped"])
			l.want(0, "2 changed", "copy", "s3://test", dir)
			l.same("directory", l.inDir(dir), before)
		})
	}
}

func (l *lab) furtively(dir string, change func(dir string) error) {
	l.Helper()
	before := l.inDir(dir)
	if err := change(dir); err != nil {
		l.Fatal(err)
	}
	l.age(dir)
	same := true
	for key, text := range l.inDir(dir) {
		same = same && before[key] == text
	}
	if same {
		l.Fatal("nothing changed")
	}
}

// The same of objects, which somebody overwrites between two runs with others of
// their size, in a bucket whose ETags tell and in one whose do not.
func TestNoObjectThatChangesBetweenRunsIsMissed(t *testing.T) {
	for _, quirks := range [][]s3server.Quirk{nil, {s3server.KMS}} {
		l := newLab(t, s3server.With(quirks...))
		l.remember(true)
		dir := l.dir(oneSize)
		l.age(dir)
		l.want(0, "5 new", "copy", dir, "s3://test")
		l.want(0, "nothing to do", "copy", "s3://test", dir)
		change := func() {
			l.put("f", "changed")
			l.put("d/x", "", redirect("/same"))
			l.remove("e/x")
			l.put("e/x", "d has x")
		}
		change()
		l.want(0, "3 changed", "copy", dir, "s3://test")
		l.same("bucket", l.inBucket(), oneSize)
		change()
		l.want(0, "2 changed (14 B), 1 retargeted", "copy", "s3://test", dir)
		l.same("directory", l.inDir(dir), map[string]string{"f": "changed", "other": "another", "d/x": "→../same", "e/x": "d has x", "same": "as ever"})
	}
}

// A run that fails leaves facts in the cache. The next one must not take them for
// its outcome.
func TestTheCacheOfAFailedRunIsNotTakenForItsOutcome(t *testing.T) {
	l := newLab(t, s3server.KMS)
	l.remember(true)
	dir := l.dir(oneSize)
	l.age(dir)
	l.want(0, "5 new", "copy", dir, "s3://test")
	l.furtively(dir, furtive["two files swapped"])
	l.send = denyWrites
	l.want(1, "2 errors", "copy", dir, "s3://test")
	l.send = nil
	l.want(0, "2 changed", "copy", dir, "s3://test")
	l.same("bucket", l.inBucket(), l.inDir(dir))
}

// denyWrites lets no request through that changes something.
func denyWrites(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	if !writes(r) {
		return next.RoundTrip(r)
	}
	resp := slowDown(r)
	resp.StatusCode = http.StatusForbidden
	resp.Body = io.NopCloser(strings.NewReader("<Error><Code>AccessDenied</Code></Error>"))
	return resp, nil
}
