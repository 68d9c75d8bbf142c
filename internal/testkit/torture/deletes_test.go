package torture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/s3server"
)

// One tool stops at a broken link and deletes all that sorts after it.
func TestABrokenLinkInTheSourceIsNoReasonToDelete(t *testing.T) {
	l := newLab(t)
	src := l.dir(map[string]string{"a": "1", "broken": "→none", "m/x": "2", "z": "3"})
	for _, key := range []string{"a", "broken", "m/x", "z"} {
		l.put(key, "old")
	}
	l.want(0, "3 changed (3 B), 1 retargeted in", "copy", src, "s3://test")
	l.same("bucket", l.inBucket(), map[string]string{"a": "1", "broken": "→/none", "m/x": "2", "z": "3"})
	l.want(0, "nothing to do", "copy", src, "s3://test")
}

// breaking fails operations on directories.
func (l *lab) breaking(inj wrap.Injector) {
	l.wrapLocal = func(b core.Backend) core.Backend { return wrap.Fault(b, inj) }
}

func TestAnUnreadableDirectoryOfTheSourceDeletesNothing(t *testing.T) {
	l := newLab(t)
	src := l.dir(map[string]string{"a": "new", "m/x": "2", "z": "new"})
	had := map[string]string{"a": "old", "m/x": "2", "m/y": "hidden now", "gone": "g"}
	for key, text := range had {
		l.put(key, text)
	}
	bad := &core.Error{Op: "list", Key: "m", Err: errors.New("permission denied")}
	l.breaking(wrap.OnKind(wrap.StepNext, wrap.OnKey("m/x", wrap.Always(bad))))
	l.want(1, "1 error in", "copy", src, "s3://test")
	had["a"], had["z"] = "new", "new" // entries that can be copied are
	l.same("bucket", l.inBucket(), had)
}

// One tool skips a file that it cannot read, and then deletes its object.
func TestAFileThatCannotBeReadKeepsItsObject(t *testing.T) {
	for _, kind := range []string{wrap.StepOpen, wrap.StepRead} {
		l := newLab(t)
		src := l.dir(map[string]string{"a": "new", "b": "unreadable"})
		for key, text := range map[string]string{"a": "old", "b": "kept", "gone": "kept"} {
			l.put(key, text)
		}
		l.breaking(wrap.OnKind(kind, wrap.OnKey("b", wrap.Always(errors.New("input/output error")))))
		l.want(1, "input/output error", "copy", src, "s3://test")
		l.same(kind, l.inBucket(), map[string]string{"a": "new", "b": "kept", "gone": "kept"})
	}
}

// numbered is n files that sort by number, on several pages of a listing.
func numbered(n int) map[string]string {
	out := make(map[string]string, n)
	for i := range n {
		out[fmt.Sprintf("f%05d", i)] = strconv.Itoa(i)
	}
	return out
}

// secondPage changes the answers to the second page of each listing.
func (l *lab) secondPage(change func(answer *http.Response, body []byte) (*http.Response, error)) {
	var first atomic.Pointer[[]byte]
	l.send = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		q := r.URL.Query()
		if err != nil || q.Get("list-type") != "2" {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return nil, err
		}
		if q.Get("continuation-token") == "" && q.Get("start-after") == "" {
			first.Store(&body)
			resp.Body = io.NopCloser(bytes.NewReader(body))
			return resp, nil
		}
		resp.Header.Del("Content-Length")
		resp.ContentLength = -1
		resp.Body = io.NopCloser(bytes.NewReader(body))
		if change == nil { // the first once more
			resp.Body = io.NopCloser(bytes.NewReader(*first.Load()))
			return resp, nil
		}
		return change(resp, body)
	}
}

func answered(resp *http.Response, body []byte) (*http.Response, error) {
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// seed puts objects into the fake server's store without a request.
func (l *lab) seed(objects map[string]string) {
	l.Helper()
	for key, text := range objects {
		if _, err := l.fake.Store().PutObject(l.bucket, key, map[string]string{}, strings.NewReader(text), int64(len(text)), nil); err != nil {
			l.Fatal(err)
		}
	}
}

// Tools have taken a listing that broke off for a tree that ends there.
func TestAListingThatGoesWrongOnItsSecondPageDeletesNothing(t *testing.T) {
	l := newLab(t)
	files := numbered(1010) // a page and ten
	l.seed(files)
	dir := l.dir(files)
	for name, change := range map[string]func(*http.Response, []byte) (*http.Response, error){
		"500": func(resp *http.Response, _ []byte) (*http.Response, error) {
			resp.StatusCode = http.StatusInternalServerError
			return answered(resp, []byte("<Error><Code>InternalError</Code></Error>"))
		},
		"403": func(resp *http.Response, _ []byte) (*http.Response, error) {
			resp.StatusCode = http.StatusForbidden
			return answered(resp, []byte("<Error><Code>AccessDenied</Code></Error>"))
		},
		"cut": func(resp *http.Response, body []byte) (*http.Response, error) {
			return answered(resp, body[:len(body)/2])
		},
		"reset": func(*http.Response, []byte) (*http.Response, error) { return nil, errors.New("connection reset") },
		"empty": func(resp *http.Response, _ []byte) (*http.Response, error) { return answered(resp, nil) },
		"another document": func(resp *http.Response, _ []byte) (*http.Response, error) {
			return answered(resp, []byte("<html><body>Welcome to the hotel's network</body></html>"))
		},
		"more, and no token": func(resp *http.Response, body []byte) (*http.Response, error) {
			return answered(resp, bytes.Replace(body, []byte("<IsTruncated>false"), []byte("<IsTruncated>true"), 1))
		},
		"the first page again": nil,
	} {
		l.secondPage(change)
		for i, args := range [][]string{{"s3://test", dir}, {dir, "s3://test"}} {
			if i > 0 && change != nil && count(0, 1) == 0 {
				continue
			}
			if got := l.run("copy", "-q", args[0], args[1]); got.code != 1 || got.err == "" {
				t.Errorf("%s, from %s: exit code %d, %.300s", name, args[0], got.code, got.err)
			}
		}
		l.send = nil
		l.same(name+", directory", l.inDir(dir), files)
		if list := l.keys(); len(list) != len(files) {
			t.Errorf("%s: %d objects are left, of %d", name, len(list), len(files))
		}
	}
}

// keys returns the bucket's keys, without their contents.
func (l *lab) keys() map[string]bool {
	l.Helper()
	out := map[string]bool{}
	list, err := l.fake.Store().ListBucket(l.bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		l.Fatal(err)
	}
	for _, o := range list.Contents {
		out[o.Key] = true
	}
	return out
}

// A listing in another order, as some stores have it, is no loss either.
func TestAListingOutOfOrderIsSortedAndDeletesNothing(t *testing.T) {
	l := newLab(t, s3server.BackwardPages)
	files := map[string]string{"a": "1", "a-b": "2", "a.b": "3", "a/b": "4", "a0": "5", "b": "6"}
	delete(files, "a") // a directory cannot hold both
	l.seed(files)
	dir := l.dir(files)
	l.want(0, "nothing to do, 5 unchanged", "copy", "s3://test", dir)
	l.want(0, "nothing to do, 5 unchanged", "copy", dir, "s3://test")
	l.same("directory", l.inDir(dir), files)
}

func TestAPrefixIsNotTheBeginningOfAnother(t *testing.T) {
	l := newLab(t)
	others := map[string]string{"site2/x": "1", "site-old/x": "2", "site": "3", "site.html": "4", "sit": "5"}
	l.seed(others)
	src := l.dir(map[string]string{"a": "1"})
	l.want(0, "1 new (1 B) in", "copy", src, "s3://test/site")
	l.want(3, "source is empty", "copy", l.TempDir(), "s3://test/site/")
	l.want(0, "1 deleted", "copy", "--allow-empty-source", l.TempDir(), "s3://test/site/")
	l.same("bucket", l.inBucket(), others)
	l.want(2, "names one entry, and whole trees are made equal", "copy", "s3://test/site", src)
}

// One tool deleted files outside the destination, behind a link in it.
func TestADeleteGoesThroughNoLinkOfTheDestination(t *testing.T) {
	l := newLab(t)
	outside := l.dir(map[string]string{"precious": "p", "d/x": "x"})
	l.seed(map[string]string{"a": "1"})
	dst := l.dir(map[string]string{"a": "1", "b": "2", "dirlink": "→" + outside, "file": "→" + outside + "/precious", "up": "→..", "in": "→d", "d/y": "y"})
	l.want(0, "deleted", "copy", "--max-delete=100", "s3://test", dst)
	l.same("outside", l.inDir(outside), map[string]string{"precious": "p", "d/x": "x"})
	got := l.inDir(dst)
	delete(got, "dirlink") // links out of the tree are refused, and stay
	delete(got, "file")
	delete(got, "up")
	l.same("destination", got, map[string]string{"a": "1"})
}

// One tool deletes in batches up to the limit and stops in the middle; another
// counts the last batch too late.
func TestALimitOnDeletesIsAllOrNone(t *testing.T) {
	l := newLab(t)
	files := numbered(1200)
	l.seed(files)
	src := l.dir(map[string]string{"f00000": "0"})
	for _, limit := range []string{"0", "1", "1100", "1198", "99%"} {
		l.fake.ResetLog()
		l.want(3, "too many deletes: 1,199 of 1,200 entries", "copy", "--max-delete", limit, src, "s3://test")
		if got := l.fake.Requests(); got[core.ClassDelete]+got[core.ClassPut] != 0 || len(l.keys()) != len(files) {
			t.Errorf("limit %s: %v were sent; %d objects are left", limit, got, len(l.keys()))
		}
	}
	l.want(0, "1,199 deleted", "copy", "--max-delete", "1199", src, "s3://test")
}

// A budget that retries use up ends the run before anything is deleted.
func TestABudgetThatEndsInTheMiddleDeletesNothing(t *testing.T) {
	l := newLab(t)
	files := numbered(20)
	src := l.dir(files)
	l.seed(map[string]string{"gone": "g"})
	var puts atomic.Int32
	l.send = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		if resp := slowDown(r); r.Method == http.MethodPut && puts.Add(1)%2 == 0 {
			return resp, nil
		}
		return next.RoundTrip(r)
	}
	got := l.want(1, "request limit exceeded", "copy", "--max-requests=24", "--max-delete=1", src, "s3://test")
	now := l.inBucket()
	if now["gone"] != "g" || len(now) > 21 {
		t.Errorf("%d objects: %s", len(now), got.out)
	}
	for key, text := range now {
		if key != "gone" && text != files[key] {
			t.Errorf("%s is %q", key, text)
		}
	}
	l.send = nil
	l.want(0, "1 deleted", "copy", "--max-delete=1", src, "s3://test")
	l.same("after a second run", l.inBucket(), files)
}

func slowDown(r *http.Request) *http.Response {
	return &http.Response{
		StatusCode: http.StatusServiceUnavailable, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader("<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")),
	}
}

// An answer of 200 to a batch delete has errors inside, one a key.
func TestAnErrorInsideAGoodAnswerIsAFailure(t *testing.T) {
	l := newLab(t)
	l.seed(map[string]string{"a": "1", "b": "2", "locked": "3"})
	src := l.dir(map[string]string{"a": "1"})
	l.send = func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || !r.URL.Query().Has("delete") {
			return resp, err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		resp.Header.Del("Content-Length")
		resp.ContentLength = -1
		return answered(resp, []byte(`<DeleteResult><Deleted><Key>b</Key></Deleted>`+
			`<Error><Key>locked</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>`))
	}
	got := l.want(1, "locked: AccessDenied", "copy", "--max-delete=2", src, "s3://test")
	if !strings.Contains(got.out, "1 deleted, 1 unchanged, 1 error") {
		t.Errorf("the summary: %s", got.out)
	}
}

// Entries that are hidden, refused or somebody else's are never deleted, on either
// side.
func TestExcludedAndRefusedEntriesAreNeverDeleted(t *testing.T) {
	l := newLab(t)
	hidden := map[string]string{".DS_Store": "x", "d/._a": "x", "cache/x.tmp": "x", "private/a/b": "x"}
	objects := maps.Clone(hidden)
	maps.Copy(objects, map[string]string{"a": "1", "marker/": "", "odd//key": "x", "../up": "x"})
	l.seed(objects)
	l.put("url", "", redirect("https://example.com/"))
	src := l.dir(map[string]string{"a": "2", "out": "→/etc/passwd"})
	l.put("out", "kept, because the source has something there")
	flags := []string{"copy", "--exclude=*.tmp", "--exclude=/private/", "--max-delete=0"}
	l.want(0, "1 changed (1 B)", append(flags, src, "s3://test")...)
	objects["a"], objects["url"], objects["out"] = "2", "→https://example.com/", "kept, because the source has something there"
	l.same("bucket", l.inBucket(), objects)

	dst := l.dir(hidden)
	if err := os.Symlink("/etc/passwd", filepath.Join(dst, "escape")); err != nil {
		t.Fatal(err)
	}
	l.want(0, "2 new", append(flags, "s3://test", dst)...)
	want := maps.Clone(hidden)
	maps.Copy(want, map[string]string{"a": "2", "out": objects["out"], "escape": "→/etc/passwd"})
	l.same("directory", l.inDir(dst), want)
}
