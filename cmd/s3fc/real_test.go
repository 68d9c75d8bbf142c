package main

import (
	"bytes"
	"crypto/md5" //nolint:gosec // What travels with each file.
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// everything, in the environment, makes the tests of real trees copy the whole
// distribution of Go and a file of 200 MiB, which takes minutes, and not only a
// part of them.
const everything = "S3FC_TEST_REAL"

// summary is the last line of --json.
type summary struct {
	Files, Links, Deletes, Kept, Refused, Errors int64
	RulesSet                                     int `json:"rules_set"`
	Notes                                        []string
	Requests                                     map[string]int64
}

// s3fc runs the program in this process and returns its summary.
func s3fc(t *testing.T, args ...string) summary {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := (cmd.Program{Mux: stores()}).Run(t.Context(), append(args, "--json"), strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("s3fc %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout.String(), stderr.String())
	}
	lines := bytes.Split(bytes.TrimSpace(stdout.Bytes()), []byte("\n"))
	var s summary
	if err := json.Unmarshal(lines[len(lines)-1], &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// snapshot reads a directory: the md5 of each file and the text of each link.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.Type()&fs.ModeSymlink != 0 {
			out[rel], err = os.Readlink(path)
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := md5.New() //nolint:gosec // See the import.
		_, err = io.Copy(h, f)
		out[rel] = "md5 " + hex.EncodeToString(h.Sum(nil))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// leavesTree reports whether a link of dir with this text points out of it. A way
// out that comes back through other links is inside: zoneinfo's localtime is one.
func leavesTree(dir, rel, text string) bool {
	if !filepath.IsAbs(text) {
		text = filepath.Join(dir, filepath.Dir(rel), text)
	}
	if real, err := filepath.EvalSymlinks(text); err == nil {
		text = real
	}
	return text != dir && !strings.HasPrefix(text, dir+string(filepath.Separator))
}

// roundTrip pushes dir to url and pulls it back, each twice, and holds the
// copy to the original by looking at the two directories alone.
func roundTrip(t *testing.T, dir, url string) {
	t.Helper()
	want := snapshot(t, dir)
	out := 0
	for rel, what := range want {
		if !strings.HasPrefix(what, "md5 ") && leavesTree(dir, rel, what) {
			delete(want, rel) // a link out of the tree is refused
			out++
		}
	}
	n := int64(len(want))
	first := s3fc(t, "copy", dir, url)
	if first.Files+first.Links != n || first.Refused != int64(out) {
		t.Fatalf("push: %+v, want %d entries and %d refused", first, n, out)
	}
	if again := s3fc(t, "copy", dir, url); again.Kept != n || again.Files+again.Links+again.Deletes != 0 || again.Requests["PUT"] != 0 {
		t.Errorf("a second push: %+v", again)
	}
	back := filepath.Join(t.TempDir(), "back")
	if s := s3fc(t, "copy", url, back); s.Files+s.Links != n {
		t.Errorf("pull: %+v", s)
	}
	got := snapshot(t, back)
	for rel, what := range want {
		if got[rel] != what && !sameEnd(dir, back, rel) {
			t.Errorf("%s: got %q, want %q", rel, got[rel], what)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries came back, of %d", len(got), len(want))
	}
	if again := s3fc(t, "copy", url, back); again.Kept != n || again.Files+again.Links+again.Deletes != 0 || again.Requests["GET"] != 0 {
		t.Errorf("a second pull: %+v", again)
	}
}

// sameEnd reports whether a link whose text was put in another form ends at the
// same place in both directories.
func sameEnd(a, b, rel string) bool {
	rootA, _ := filepath.EvalSymlinks(a)
	rootB, _ := filepath.EvalSymlinks(b)
	endA, errA := filepath.EvalSymlinks(filepath.Join(a, rel))
	endB, errB := filepath.EvalSymlinks(filepath.Join(b, rel))
	return errA == nil && errB == nil && strings.TrimPrefix(endA, rootA) == strings.TrimPrefix(endB, rootB)
}

// realStores are the S3 servers that real trees travel through: a new URL for each
// name.
func realStores(t *testing.T) map[string]func(name string) string {
	t.Helper()
	g := versitygw.Start(t)
	bucket := g.Bucket(t)
	t.Setenv("AWS_ACCESS_KEY_ID", g.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", g.SecretKey)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("S3FC_EMBEDDED_DIR", t.TempDir())
	return map[string]func(string) string{
		"embedded": func(name string) string { return "embedded://real/" + name },
		"versitygw": func(name string) string {
			return fmt.Sprintf("s3://%s/%s?endpoint=%s&flat=false", bucket, name, g.Endpoint)
		},
	}
}

// distribution returns the directory of Go's own tree.
func distribution(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestRealTreesMakeTheRoundTrip(t *testing.T) {
	long.Only(t)
	goroot := distribution(t)
	trees := map[string]string{"zoneinfo": "/usr/share/zoneinfo", "go": filepath.Join(goroot, "src", "net")}
	if os.Getenv(everything) != "" {
		trees["go"] = goroot
	} else {
		t.Logf("only src/net of Go's distribution is copied; set %s=1 for all of it", everything)
	}
	for store, url := range realStores(t) {
		for name, dir := range trees {
			t.Run(store+"/"+name, func(t *testing.T) {
				if _, err := os.Stat(dir); err != nil {
					t.Skipf("NOT RUN: %v (Debian's package tzdata has it)", err)
				}
				roundTrip(t, dir, url(name))
			})
		}
	}
}

// mirror makes a small download mirror: releases, latest links, and one file of
// size bytes.
func mirror(t *testing.T, size int64) string {
	t.Helper()
	dir := t.TempDir()
	r := rand.NewChaCha8([32]byte{1})
	for _, f := range []struct {
		name string
		size int64
	}{{"1.8/app.tar.gz", 300_000}, {"1.9/app.tar.gz", 300_001}, {"1.9/image.iso", size}, {"index.html", 100}} {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		w, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(w, r, f.size); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"latest": "1.9", "stable": "latest", "latest.iso": "latest/image.iso", "1.9/previous": "../1.8"} {
		if err := os.Symlink(text, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAMirrorWithALargeFileMakesTheRoundTrip(t *testing.T) {
	long.Only(t)
	size := int64(20 << 20)
	if os.Getenv(everything) != "" {
		size = 200 << 20
	} else {
		t.Logf("the large file has %d MiB; set %s=1 for 200", size>>20, everything)
	}
	dir := mirror(t, size)
	for store, url := range realStores(t) {
		t.Run(store, func(t *testing.T) { roundTrip(t, dir, url("mirror")) })
	}
}

// TestTheAWSCommandLineAgrees reads our objects with an independent tool.
func TestTheAWSCommandLineAgrees(t *testing.T) {
	long.Only(t)
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("NOT RUN: there is no aws command here")
	}
	stores := realStores(t)
	url := stores["versitygw"]("site")
	s3fc(t, "copy", "../../examples/site", url)
	bucket, rest, _ := strings.Cut(strings.TrimPrefix(url, "s3://"), "/")
	_, endpoint, _ := strings.Cut(rest, "endpoint=")
	endpoint, _, _ = strings.Cut(endpoint, "&")
	run := func(args ...string) []byte {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), aws, append([]string{"--endpoint-url", endpoint}, args...)...).Output()
		if err != nil {
			t.Fatalf("aws %s: %v", strings.Join(args, " "), err)
		}
		return out
	}
	var head struct {
		ContentType, WebsiteRedirectLocation string
		Metadata                             map[string]string
	}
	object := func(key string) {
		t.Helper()
		head.WebsiteRedirectLocation, head.Metadata = "", nil
		if err := json.Unmarshal(run("s3api", "head-object", "--bucket", bucket, "--key", "site/"+key, "--output", "json"), &head); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("../../examples/site/index.html")
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(want) //nolint:gosec // See the import.
	object("index.html")
	if head.ContentType != "text/html; charset=utf-8" || head.Metadata["md5"] != hex.EncodeToString(sum[:]) || head.WebsiteRedirectLocation != "" {
		t.Errorf("index.html: %+v", head)
	}
	object("latest")
	if head.WebsiteRedirectLocation != "/site/v2/" {
		t.Errorf("latest: %+v", head)
	}
	if got := run("s3", "cp", "s3://"+bucket+"/site/index.html", "-"); !bytes.Equal(got, want) {
		t.Error("the content is another")
	}
}

// TestAVisitorOfTheWebsiteIsRedirected follows links with a plain HTTP client.
func TestAVisitorOfTheWebsiteIsRedirected(t *testing.T) {
	g := versitygw.Start(t)
	bucket := g.Bucket(t)
	t.Setenv("AWS_ACCESS_KEY_ID", g.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", g.SecretKey)
	t.Setenv("AWS_REGION", "us-east-1")
	s3fc(t, "copy", "../../examples/site", fmt.Sprintf("s3://%s?endpoint=%s&flat=false", bucket, g.Endpoint))
	for path, file := range map[string]string{
		"/latest": "v2/index.html", "/stable": "v2/index.html", "/index-link": "index.html",
		"/whatsnew.html": "changes.html", "/download/tidewater.txt": "download/tidewater-2.1.txt",
	} {
		hops := 0
		for {
			resp := g.Visit(t, http.MethodGet, bucket, path)
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode == http.StatusMovedPermanently && hops < 5 {
				path = resp.Header.Get("Location")
				hops++
				continue
			}
			want, err := os.ReadFile(filepath.Join("../../examples/site", file))
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusOK || hops == 0 || !bytes.Equal(body, want) {
				t.Errorf("%s: status %d after %d hops, %d bytes", path, resp.StatusCode, hops, len(body))
			}
			break
		}
	}
}
