package torture

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// onFirstWrite calls act before the first request of the program that writes.
func (l *lab) onFirstWrite(act func()) {
	var once sync.Once
	l.send = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if writes(r) {
			once.Do(act)
		}
		return next.RoundTrip(r)
	}
}

// Somebody else changes the bucket between the plan and its first write: their
// entries stay and are reported, and a second run, which sees them, converges.
func TestAForeignWriterOfTheBucketIsNeverOverwrittenUnseen(t *testing.T) {
	bothServers(t, func(l *lab) {
		src := l.dir(map[string]string{"over": "mine", "new": "mine", "big": strings.Repeat("mine", 1<<20), "link": "→new", "same": "s", "gone": "mine", "alike": "equal"})
		for _, key := range []string{"over", "big", "link", "extra", "extra2", "gone"} {
			l.put(key, "old")
		}
		l.put("same", "s")
		l.onFirstWrite(func() {
			for _, key := range []string{"over", "new", "big", "link", "extra"} {
				l.put(key, "theirs, and newer")
			}
			l.remove("gone")
			l.put("alike", "equal") // the content that this run is to write
		})
		got := l.want(1, "changed", "copy", "--max-delete=100%", src, "s3://test")
		l.send = nil
		now := l.inBucket()
		for _, key := range []string{"over", "new", "big", "link", "extra"} {
			if now[key] != "theirs, and newer" {
				l.Errorf("%s is %.40q, and was somebody's newer object", key, now[key])
			}
			if key != "extra" && !strings.Contains(got.err, key) { // deletes do not even begin
				l.Errorf("%s is not reported: %s", key, got.err)
			}
		}
		if now["extra2"] != "old" || now["alike"] != "equal" {
			l.Errorf("%v", slices.Sorted(maps.Keys(now)))
		}
		l.want(0, "", "copy", "--max-delete=100%", src, "s3://test")
		l.want(0, "nothing to do", "copy", src, "s3://test")
	})
}

// Where nothing fails before, a delete is the first that meets the change.
func TestAForeignWriterIsNeverDeletedUnseen(t *testing.T) {
	bothServers(t, func(l *lab) {
		src := l.dir(map[string]string{"same": "s"})
		for _, key := range []string{"same", "x", "y", "z"} {
			l.put(key, "s")
		}
		l.onFirstWrite(func() { l.put("y", "theirs, and newer") })
		l.want(1, "y: ", "copy", "--max-delete=100%", src, "s3://test")
		l.send = nil
		l.same("bucket", l.inBucket(), map[string]string{"same": "s", "y": "theirs, and newer"})
		l.want(0, "1 deleted", "copy", "--max-delete=100%", src, "s3://test")
	})
}

func TestAForeignWriterOfTheDirectoryIsNeverOverwrittenUnseen(t *testing.T) {
	l := newLab(t)
	l.seed(map[string]string{"over": "mine", "new": "mine", "big": strings.Repeat("mine", 1<<20), "d/x": "mine", "same": "s"})
	dst := l.dir(map[string]string{"over": "old", "big": "old", "extra": "old", "same": "s"})
	theirs := map[string]string{"over": "theirs, newer", "new": "theirs", "big": "theirs", "extra": "theirs", "d": "theirs, a file"}
	var once sync.Once
	l.send = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "" {
			once.Do(func() { l.fill(dst, theirs) })
		}
		return resp, err
	}
	l.want(1, "changed", "copy", "--max-delete=100%", "s3://test", dst)
	l.send = nil
	theirs["same"] = "s"
	l.same("directory", l.inDir(dst), theirs)
	l.want(0, "", "copy", "--max-delete=100%", "s3://test", dst)
	l.want(0, "nothing to do", "copy", "s3://test", dst)
}

// Two runs of two sources at once: each object is that of one of them, whole,
// under its right md5, whoever wins; a run alone then converges.
func TestTwoRunsAtOnceIntoOneBucketTearNothing(t *testing.T) {
	bothServers(t, func(l *lab) { l.twoRuns("s3://test", l.inBucket) })
}

func TestTwoRunsAtOnceIntoOneDirectoryTearNothing(t *testing.T) {
	l := newLab(t)
	dst := filepath.Join(t.TempDir(), "dst")
	l.twoRuns(dst, func() map[string]string { return l.inDir(dst) })
}

func (l *lab) twoRuns(dst string, look func() map[string]string) {
	l.Helper()
	for round := range count(2, 20) {
		one, two := map[string]string{}, map[string]string{}
		for i := range 20 {
			key := fmt.Sprintf("d%d/f%02d", i%3, i)
			one[key], two[key] = fmt.Sprintf("one %d %d", round, i), strings.Repeat(fmt.Sprintf("two %d %d ", round, i), 1+i*100)
		}
		one["only-one"], two["only-two"] = "1", "2"
		one["d0/big"], two["d0/big"] = strings.Repeat("1", 3<<20), strings.Repeat("2", 2<<20)
		dirs := []string{l.dir(one), l.dir(two)}
		var wg sync.WaitGroup
		for _, dir := range dirs {
			wg.Go(func() {
				if got := l.run("copy", "--max-delete=100%", dir, dst); got.code > 1 {
					l.Errorf("exit code %d: %s", got.code, got.err)
				}
			})
		}
		wg.Wait()
		for key, text := range look() {
			if text != one[key] && text != two[key] && !strings.HasPrefix(text, "one ") && !strings.HasPrefix(text, "two ") {
				l.Errorf("%s is of neither run: %.60q", key, text)
			}
		}
		l.want(0, "", "copy", "--max-delete=100%", dirs[1], dst)
		l.same("after a run alone", look(), two)
	}
}

// mutations are changes to a source file while it is read.
var mutations = map[string]func(path string) error{
	"grows": func(path string) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("more")
		return errors.Join(err, f.Close())
	},
	"shrinks":  func(path string) error { return os.Truncate(path, 100) },
	"vanishes": os.Remove,
	"is replaced": func(path string) error {
		if err := os.WriteFile(path+".new", []byte(strings.Repeat("other", 1000)), 0o666); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	},
	"is overwritten in place": func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteAt([]byte("DIFFERENT"), info.Size()-100)
		return errors.Join(err, f.Close(), os.Chtimes(path, info.ModTime(), info.ModTime())) // as if nothing had been
	},
	"becomes a link": func(path string) error {
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.Symlink("other", path)
	},
	"becomes a directory": func(path string) error {
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.Mkdir(path, 0o777)
	},
}

// The sizes are those of the ways that a file can go: read once and sent from
// memory; read for its md5 and then sent; sent in parts.
func TestASourceFileThatChangesIsNeverStoredWrong(t *testing.T) {
	for size, content := range map[string]string{
		"small": strings.Repeat("0123456789", 1000), "medium": strings.Repeat("0123456789", 120_000), "large": strings.Repeat("0123456789", 1_700_000),
	} {
		for what, mutate := range mutations {
			if size == "large" && what != "grows" && count(0, 1) == 0 {
				continue
			}
			t.Run(size+" "+what, func(t *testing.T) { sourceChanges(newLab(t), content, mutate) })
		}
	}
}

func sourceChanges(l *lab, content string, mutate func(string) error) {
	src := l.dir(map[string]string{"a": content, "other": "o"})
	l.put("a", "old")
	l.put("extra", "x")
	path := filepath.Join(src, "a")
	var once sync.Once
	l.send = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/a") && writes(r) {
			once.Do(func() {
				if err := mutate(path); err != nil {
					l.Error(err)
				}
			})
		}
		return next.RoundTrip(r)
	}
	got := l.run("copy", "--max-delete=100%", src, "s3://test")
	l.send = nil
	now := l.inBucket() // which holds each md5 against its content
	if now["a"] != "old" && now["a"] != content && !l.holds(path, now["a"]) {
		l.Errorf("what is stored was never the file: %.40q…, %d bytes; exit code %d, %s", now["a"], len(now["a"]), got.code, got.err)
	}
	if got.code != 0 && now["extra"] != "x" {
		l.Errorf("something failed, and something was deleted: %s", got.err)
	}
	l.want(0, "", "copy", "--max-delete=100%", src, "s3://test")
	l.want(0, "nothing to do", "copy", src, "s3://test")
	if _, ok := l.inBucket()["extra"]; ok {
		l.Error("a second run does not converge")
	}
}

func (l *lab) holds(path, text string) bool {
	b, err := os.ReadFile(path)
	return err == nil && string(b) == text
}

// The same at any moment, while the plan is made too: whatever is stored is
// under its own md5, and when all is quiet a run converges.
func TestASourceUnderConstantChangeIsNeverStoredWrong(t *testing.T) {
	l := newLab(t)
	src := l.dir(nil)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() { churn(src, uint64(w), stop) })
	}
	for range count(5, 200) {
		l.run("copy", "--max-delete=100%", "--allow-empty-source", src, "s3://test")
		l.inBucket()
	}
	close(stop)
	wg.Wait()
	l.want(0, "", "copy", "--max-delete=100%", "--allow-empty-source", src, "s3://test")
	l.same("bucket", l.inBucket(), l.inDir(src))
}

// churn changes the files of a directory until stop.
func churn(dir string, seed uint64, stop <-chan struct{}) {
	r := rand.New(rand.NewPCG(seed, 1))
	how := slices.Sorted(maps.Keys(mutations))
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(r.IntN(2000)) * time.Microsecond):
		}
		path := filepath.Join(dir, fmt.Sprintf("f%d", r.IntN(8)))
		if r.IntN(2) == 0 {
			_ = os.WriteFile(path, []byte(strings.Repeat(fmt.Sprint(n, " "), 200+r.IntN(r.IntN(300_000)+1))), 0o666) // it may be a directory by now
			continue
		}
		what := how[r.IntN(len(how))]
		if what != "becomes a directory" && what != "becomes a link" {
			_ = mutations[what](path) // it may be gone
		}
	}
}
