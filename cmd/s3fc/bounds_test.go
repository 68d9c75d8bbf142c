package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// bounds is a directory and an S3 server, and the requests of each copy between
// them.
type bounds struct {
	t      *testing.T
	dir    string
	server *s3server.Server
}

func newBounds(t *testing.T, opts ...s3server.Option) *bounds {
	t.Helper()
	b := &bounds{t: t, dir: t.TempDir(), server: s3server.New(t, opts...)}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": b.server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "S3FC_CACHE_DIR": t.TempDir(), "S3FC_NO_CACHE": "1",
	} {
		t.Setenv(name, value)
	}
	return b
}

func (b *bounds) bucket() string { return "s3://" + b.server.Bucket }

func (b *bounds) write(name, content string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bounds) link(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	_ = os.Remove(path)
	if err := os.Symlink(text, path); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bounds) remove(name string) {
	b.t.Helper()
	if err := os.RemoveAll(filepath.Join(b.dir, name)); err != nil {
		b.t.Fatal(err)
	}
}

// sends runs a copy and compares the requests at the server with want, class by
// class, and with the summary.
func (b *bounds) sends(what string, want map[string]int64, args ...string) {
	b.t.Helper()
	b.server.ResetLog()
	s := s3fc(b.t, append([]string{"copy"}, args...)...)
	got := b.server.Requests().Map()
	if !maps.Equal(got, want) {
		b.t.Errorf("%s: the server saw %v, want %v", what, got, want)
	}
	if !maps.Equal(s.Requests, got) {
		b.t.Errorf("%s: the summary says %v, and the server saw %v", what, s.Requests, got)
	}
}

// TestRequestsOfFilesAreTheLowerBound checks the bounds of docs/cost.md that
// need no question.
func TestRequestsOfFilesAreTheLowerBound(t *testing.T) {
	long.Only(t)
	b := newBounds(t)
	const n = 1_010
	for i := range n {
		b.write(fmt.Sprintf("d%d/f%04d.txt", i%9, i), fmt.Sprint("content ", i))
	}
	b.sends("first push", map[string]int64{"LIST": 1, "PUT": n}, b.dir, b.bucket())
	b.sends("unchanged push", map[string]int64{"LIST": 2}, b.dir, b.bucket())
	back := filepath.Join(t.TempDir(), "back")
	b.sends("first pull", map[string]int64{"LIST": 2, "GET": n}, b.bucket(), back)
	b.sends("unchanged pull", map[string]int64{"LIST": 2}, b.bucket(), back)
	b.write("d0/f0000.txt", "changed")
	b.write("d1/f0001.txt", "content x")
	b.sends("two changed, one of the same size", map[string]int64{"LIST": 2, "PUT": 2, "HEAD": 1}, b.dir, b.bucket())
	b.sends("a prefix, first push", map[string]int64{"LIST": 1, "PUT": n}, b.dir, b.bucket()+"/prefix")
	b.sends("a prefix, unchanged", map[string]int64{"LIST": 2}, b.dir, b.bucket()+"/prefix")
	b.sends("delete of all", map[string]int64{"LIST": 2, "DELETE": 2}, t.TempDir(), b.bucket()+"/prefix", "--allow-empty-source")
}

// TestEachExtraRequestIsTheOnlyOne checks the extras of docs/cost.md, one by
// one.
func TestEachExtraRequestIsTheOnlyOne(t *testing.T) {
	b := newBounds(t)
	b.write("v1/index.html", "one")
	b.write("v2/index.html", "two")
	b.sends("files alone", map[string]int64{"LIST": 1, "PUT": 2}, b.dir, b.bucket())
	b.link("latest", "v1")
	b.link("first", "v1/index.html")
	b.sends("links: the first is read back, and hosting is asked for", map[string]int64{"LIST": 1, "PUT": 2, "HEAD": 1, "GET": 1}, b.dir, b.bucket())
	b.sends("unchanged links", map[string]int64{"LIST": 1}, b.dir, b.bucket())
	back := filepath.Join(t.TempDir(), "back")
	b.sends("pull of links", map[string]int64{"LIST": 1, "GET": 4}, b.bucket(), back)
	b.sends("unchanged pull of links", map[string]int64{"LIST": 1}, b.bucket(), back)

	b.link("latest", "v2")
	b.sends("retarget: asked before it is overwritten", map[string]int64{"LIST": 1, "PUT": 1, "HEAD": 2, "GET": 1}, b.dir, b.bucket())
	b.remove("first")
	b.sends("a link to delete is asked", map[string]int64{"LIST": 1, "HEAD": 1, "DELETE": 1}, b.dir, b.bucket())

	b.write("empty", "")
	b.sends("an empty file, new", map[string]int64{"LIST": 1, "PUT": 1}, b.dir, b.bucket())
	b.sends("an empty file may be a redirect", map[string]int64{"LIST": 1, "HEAD": 1}, b.dir, b.bucket())
	b.remove("empty")
	b.sends("and is asked before it goes", map[string]int64{"LIST": 1, "HEAD": 1, "DELETE": 1}, b.dir, b.bucket())

	b.write("large", strings.Repeat("0123456789abcdef", 20<<16)) // 20 MiB: three parts
	b.sends("a large file: parts and two more", map[string]int64{"LIST": 1, "PUT": 5}, b.dir, b.bucket())
	b.sends("an unchanged large file", map[string]int64{"LIST": 1}, b.dir, b.bucket())
}
