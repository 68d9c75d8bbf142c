package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// ran is a run's output in JSON.
type ran struct {
	code   int
	events map[string]string // event by key, without keep
	why    map[string]string // the fault, by key
	said   summary
	stderr string
}

// run runs the program in this process.
func run(t *testing.T, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	r := ran{events: map[string]string{}, why: map[string]string{}}
	r.code = cmd.Program{Mux: stores()}.Run(t.Context(), append(args, "--json"), strings.NewReader(""), &stdout, &stderr)
	r.stderr = stderr.String()
	for line := range bytes.Lines(stdout.Bytes()) {
		var ev struct{ Event, Key, Error string }
		if err := json.Unmarshal(line, &ev); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if ev.Event == "start" {
			continue
		}
		if ev.Event != "summary" {
			r.events[ev.Key], r.why[ev.Key] = ev.Event, ev.Error
		} else if err := json.Unmarshal(line, &r.said); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// wantRun compares a run with an exit code and its events.
func wantRun(t *testing.T, what string, r ran, code int, events map[string]string) {
	t.Helper()
	if r.code != code || events != nil && !maps.Equal(r.events, events) {
		t.Errorf("%s: exit code %d, events %v; want %d, %v\n%s", what, r.code, r.events, code, events, r.stderr)
	}
}

// wantSame checks that two directories have the same files and links.
func wantSame(t *testing.T, what, got, want string) {
	t.Helper()
	g, w := snapshot(t, got), snapshot(t, want)
	if maps.Equal(g, w) {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(w)) {
		if g[k] != w[k] {
			t.Errorf("%s: %s is %q; want %q", what, k, g[k], w[k])
		}
	}
	for k, v := range g {
		if _, ok := w[k]; !ok {
			t.Errorf("%s: %s is %q; want nothing", what, k, v)
		}
	}
}

// at is another directory of the same run.
func (b *bounds) at(dir string) *bounds { return &bounds{t: b.t, dir: dir, server: b.server} }

// set makes one entry of the directory by its text: a link if it begins with an
// arrow, a directory with these files if it ends in a slash.
func (b *bounds) set(name, text string) {
	b.t.Helper()
	b.remove(name)
	if to, ok := strings.CutPrefix(text, "→"); ok {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(b.dir, name)), 0o777); err != nil {
			b.t.Fatal(err)
		}
		b.link(name, to)
		return
	}
	if files, ok := strings.CutSuffix(text, "/"); ok {
		for f := range strings.SplitSeq(files, " ") {
			b.write(name+"/"+f, name+f)
		}
		return
	}
	b.write(name, text)
}

// object gets an object with its headers, as no program of ours does.
func (b *bounds) object(key string) (http.Header, []byte) {
	b.t.Helper()
	resp, err := http.Get(b.server.URL + "/" + b.server.Bucket + "/" + key) //nolint:noctx // It ends with the server.
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s, %v", key, resp.Status, err)
	}
	return resp.Header, body
}

// redirect puts a redirect as another tool may.
func (b *bounds) redirect(key, location string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPut, b.server.URL+"/"+b.server.Bucket+"/"+key, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set(redirectHeader, location)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s, %v", key, resp.Status, err)
	}
}

const redirectHeader = "X-Amz-Website-Redirect-Location"

// TestAllChangesOfKind checks that each of file, link and directory can become
// each other, all in one run, up and down.
func TestAllChangesOfKind(t *testing.T) {
	long.Only(t)
	kinds := map[string][2]string{ // before and after
		"file": {"one file", "another"}, "link": {"→base/f", "→base/g"}, "dir": {"a b/c/", "b/c d/"},
	}
	fill := func(b *bounds, after int) {
		b.set("base", "f g/")
		for was, before := range kinds {
			for is := range kinds {
				b.set(was+"-"+is, [2]string{before[0], kinds[is][1]}[after])
			}
		}
	}
	for store, url := range realStores(t) {
		t.Run(store, func(t *testing.T) {
			bucket := url("kinds")
			b := &bounds{t: t, dir: t.TempDir()}
			back := filepath.Join(t.TempDir(), "back")
			for round := range 4 {
				fill(b, round%2)
				s3fc(t, "copy", b.dir, bucket, "--max-delete=100%")
				s3fc(t, "copy", bucket, back, "--max-delete=100%")
				wantSame(t, "pulled over what was there", back, b.dir)
				if got := s3fc(t, "copy", b.dir, bucket); got.Files+got.Links+got.Deletes != 0 {
					t.Errorf("a second push did %+v", got)
				}
				if got := s3fc(t, "copy", bucket, back); got.Files+got.Links+got.Deletes != 0 {
					t.Errorf("a second pull did %+v", got)
				}
			}
			fresh := filepath.Join(t.TempDir(), "fresh")
			s3fc(t, "copy", bucket, fresh)
			wantSame(t, "pulled into nothing", fresh, b.dir)
		})
	}
}

// TestRetargetsInEveryForm changes a link through all kinds of targets, and a
// link's target through all kinds of entries, and checks each copy.
func TestRetargetsInEveryForm(t *testing.T) {
	b := newBounds(t)
	b.set("v1", "f x/")
	b.set("v2", "f y/")
	b.set("chain", "→v2")
	b.set("deep/er", "f/")
	back := filepath.Join(t.TempDir(), "back")
	step := func(what string, events map[string]string) {
		t.Helper()
		wantRun(t, what, run(t, "copy", b.dir, b.bucket()), 0, events)
		wantRun(t, what+", once more", run(t, "copy", b.dir, b.bucket()), 0, map[string]string{})
		wantRun(t, what+", pulled", run(t, "copy", b.bucket(), back), 0, nil)
		for name := range snapshot(t, b.dir) {
			wantResolves(t, what, b.dir, back, name)
		}
	}
	step("at first", nil)
	for _, text := range []string{
		"v1/f", "v1", "v2", "v2/f", "nowhere", "nowhere/else", "chain", "chain/y", "deep/er/f", ".", "deep", "sp ace+%20?#é", b.dir + "/v1/x",
	} {
		b.set("link", "→"+text)
		step("→ "+text, map[string]string{"link": "link"})
	}
	for _, text := range []string{"./v1/x", "v2/../v1/x", "chain/../v1/x"} {
		b.set("link", "→"+text) // the same place by another way
		step("→ "+text, map[string]string{})
	}
	b.set("link", "→thing")
	b.set("thing", "a file")
	step("to a file", map[string]string{"link": "link", "thing": "put"})
	b.set("thing", "f/")
	step("the file becomes a directory", map[string]string{"link": "link", "thing": "delete", "thing/f": "put"})
	b.set("thing", "→v1")
	step("the directory becomes a link", map[string]string{"link": "link", "thing": "link", "thing/f": "delete"})
	b.remove("thing")
	step("the target goes", map[string]string{"thing": "delete"})
	b.set("v2", "→v1")
	step("what a chain ends at becomes a link", nil)
}

// wantResolves checks that one name leads to the same place in two trees, as the
// file system resolves it.
func wantResolves(t *testing.T, what, want, got, name string) {
	t.Helper()
	w, werr := resolves(want, name)
	g, gerr := resolves(got, name)
	if w != g || (werr == nil) != (gerr == nil) {
		t.Errorf("%s: %s leads to %q, %v; want %q, %v", what, name, g, gerr, w, werr)
	}
}

func resolves(dir, name string) (string, error) {
	real, err := filepath.EvalSymlinks(filepath.Join(dir, name))
	if err != nil {
		return "", err
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	return filepath.Rel(root, real)
}

// TestALinkAndAFileOfTheBytesOfItsPage checks that the one becomes the other,
// although size and ETag are the same, up and down.
func TestALinkAndAFileOfTheBytesOfItsPage(t *testing.T) {
	b := newBounds(t)
	b.write("f", "f")
	b.link("l", "f")
	down := b.at(filepath.Join(t.TempDir(), "back"))
	sync := func(what, redirect string) {
		t.Helper()
		wantRun(t, what, run(t, "copy", b.dir, b.bucket()), 0, nil)
		if header, _ := b.object("l"); header.Get(redirectHeader) != redirect {
			t.Errorf("%s: the redirect is %q; want %q", what, header.Get(redirectHeader), redirect)
		}
		wantRun(t, what+", pulled", run(t, "copy", b.bucket(), down.dir), 0, nil)
		wantSame(t, what+", pulled", down.dir, b.dir)
		wantRun(t, what+", once more", run(t, "copy", b.dir, b.bucket()), 0, map[string]string{})
		wantRun(t, what+", pulled once more", run(t, "copy", b.bucket(), down.dir), 0, map[string]string{})
	}
	sync("a link", "/f")
	_, page := b.object("l")
	b.set("l", string(page))
	sync("a file of the same bytes", "")
	b.set("l", "→f")
	sync("a link again", "/f")
	b.set("l", "")
	sync("an empty file", "")
}

// TestEntriesOverTheLimitsAreRefusedByName before any write, and all else
// arrives.
func TestEntriesOverTheLimitsAreRefusedByName(t *testing.T) {
	b := newBounds(t)
	segment := strings.Repeat("é", 120) // 240 bytes, 720 when encoded
	b.write("f", "f")
	b.link("fits", segment+"/"+segment)             // 1,442
	b.link("long", segment+"/"+segment+"/"+segment) // 2,163
	b.link("longest", strings.Repeat("a/", 1022)+"b")
	long := strings.Repeat(strings.Repeat("k", 250)+"/", 4) + "01234567890123456789"
	b.write(long, "1,024 bytes")
	b.write(long+"x", "one more")
	r := run(t, "copy", b.dir, b.bucket())
	wantRun(t, "push", r, 0, map[string]string{
		"f": "put", "fits": "link", long: "put", "long": "refuse", "longest": "refuse", long + "x": "refuse",
	})
	for _, why := range []string{"1900", "1024"} {
		if !strings.Contains(r.stderr, why) && r.said.Refused != 3 {
			t.Errorf("the figure %s is not said: %s", why, r.stderr)
		}
	}
	wantRun(t, "with --strict", run(t, "copy", "--strict", b.dir, b.bucket()), 1, nil)
	back := b.at(filepath.Join(t.TempDir(), "back"))
	wantRun(t, "pull", run(t, "copy", b.bucket(), back.dir), 0, nil)
	b.remove("long")
	b.remove("longest")
	b.remove(long + "x")
	wantSame(t, "pulled", back.dir, b.dir)
}

// TestRingsOfABucketArePulledOnce checks that links of strangers which lead to
// each other, or through each other, are no trouble in the runs that follow.
func TestRingsOfABucketArePulledOnce(t *testing.T) {
	b := newBounds(t)
	b.redirect("a", "/b")
	b.redirect("b", "/a")
	b.redirect("c", "/d/x")
	b.redirect("d", "/c/y")
	b.redirect("self", "/self")
	b.redirect("under", "/under/x")
	back := b.at(filepath.Join(t.TempDir(), "back"))
	r := run(t, "copy", b.bucket(), back.dir)
	wantRun(t, "first pull", r, 0, map[string]string{"a": "link", "b": "link", "c": "link", "d": "link", "self": "refuse", "under": "link"})
	want := map[string]string{"a": "b", "b": "a", "c": "d/x", "d": "c/y", "under": "under/x"}
	if got := snapshot(t, back.dir); !maps.Equal(got, want) {
		t.Errorf("pulled %v; want %v", got, want)
	}
	wantRun(t, "second pull", run(t, "copy", b.bucket(), back.dir), 0, map[string]string{"self": "refuse"})
	back.write("f", "f")
	wantRun(t, "push of what is refused", run(t, "copy", back.dir, b.bucket()), 0, map[string]string{
		"a": "refuse", "b": "refuse", "c": "refuse", "d": "refuse", "under": "refuse", "f": "put", "self": "refuse",
	})
	for _, key := range []string{"a", "b", "c", "d", "under", "self"} {
		b.object(key) // it is there: a refused entry is not deleted
	}
}
