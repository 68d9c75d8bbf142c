package cache_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/s3server"

	"github.com/s3fc/s3fc/core/reconcile"
)

// place is a directory and a bucket, with a memory of each, whose runs are
// counted. The server's clock is ahead, so that all its objects look old.
type place struct {
	t      *testing.T
	dir    string
	server *s3server.Server
	caches string        // empty for none
	settle time.Duration // of the directory
	reads  int           // files that the last run opened in the directory
}

// ahead makes a server's clock run ahead.
func ahead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
}

func newPlace(t *testing.T, quirks ...s3server.Quirk) *place {
	return &place{t: t, settle: 20 * time.Millisecond, dir: t.TempDir(), caches: t.TempDir(), server: s3server.New(t, s3server.With(quirks...), s3server.Wrap(ahead))}
}

func (p *place) over(b core.Backend) core.Backend {
	if p.caches == "" {
		return b
	}
	return cache.Over(b, cache.Open(p.caches, b.(core.Identifier).Identity(), quiet))
}

func (p *place) bucket() *s3.Tree {
	tree, err := s3.New(p.t.Context(), s3.Options{
		Bucket: "test", Params: url.Values{"endpoint": {p.server.URL}, "region": {"us-east-1"}},
		Credentials: credentials.NewStaticCredentialsProvider("AKTEST", "SKTEST", ""),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return tree
}

// run copies once, as a process of its own would, and returns its summary and
// requests.
func (p *place) run(pull bool) (reconcile.Summary, core.Requests) {
	p.t.Helper()
	local, err := localfs.New(p.dir, localfs.Options{SettleTime: p.settle})
	if err != nil {
		p.t.Fatal(err)
	}
	count := &asked{Backend: local}
	dir := p.over(named{count, local.Identity()})
	remote := p.over(p.bucket())
	p.server.ResetLog()
	var sum reconcile.Summary
	if pull {
		sum = copyTree(p.t, remote, dir)
	} else {
		sum = copyTree(p.t, dir, remote)
	}
	for _, tree := range []core.Backend{dir, remote, local} {
		if c, ok := tree.(io.Closer); ok {
			if err := c.Close(); err != nil {
				p.t.Error(err)
			}
		}
	}
	_, p.reads = count.took()
	return sum, p.server.Requests()
}

// named gives a tree an identity.
type named struct {
	core.Backend
	name string
}

func (n named) Identity() string { return n.name }

func (n named) Unwrap() core.Tree { return n.Backend }

// unchanged checks that the next run has nothing to do, and counts its requests beside
// one LIST and the local files that it reads.
func (p *place) unchanged(what string, pull bool, heads int64, reads int) {
	p.t.Helper()
	sum, sent := p.run(pull)
	var want core.Requests
	want[core.ClassList], want[core.ClassHead] = 1, heads
	if sum.Files+sum.Links+sum.Deletes+sum.Errors > 0 || sent != want || p.reads != reads {
		p.t.Errorf("%s: %+v; %s, %d files read; want nothing done, %s, %d read", what, sum, sent, p.reads, want, reads)
	}
}

func (p *place) write(name, content string, mtime time.Time) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chtimes(path, mtime, mtime); err != nil {
		p.t.Fatal(err)
	}
}

// settled waits until files that were just written may be remembered.
func (p *place) settled() { time.Sleep(p.settle + 10*time.Millisecond) }

var past = time.Unix(1_000_000_000, 5e8)

// TestUnchangedRunsReadAndAskNothing checks that the second unchanged push reads
// no file and asks nothing, though the first push was not from here, and though
// the store's listing proves nothing.
func TestUnchangedRunsReadAndAskNothing(t *testing.T) {
	for name, c := range map[string]struct {
		quirks []s3server.Quirk
		heads  int64 // of the first unchanged run
	}{"md5s": {nil, 1}, "KMS": {[]s3server.Quirk{s3server.KMS}, 5}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, c.quirks...)
			p.write("a", "content a", past)
			p.write("b", "content b", past)
			p.write("empty", "", past)
			p.write("like a page", strings.Repeat("x", 1021), past)
			p.write("large", strings.Repeat("0123456789abcdef", 17<<16), past)
			p.settled()
			p.caches = ""
			p.run(false)
			p.caches = t.TempDir()
			if c.quirks != nil {
				p.unchanged("the first run after", false, c.heads, 4)
				p.unchanged("the second", false, 0, 0)
			} else {
				p.unchanged("the first run after", false, c.heads, 4)
				p.unchanged("the second", false, 0, 1) // an object that may be a link page is proved by its content
			}
			p.caches = ""
			p.unchanged("without memory", false, c.heads, 4)
		})
	}
}

// TestPushIsRemembered checks that files that a push has read and sent are not read
// again, not even a large file's parts.
func TestPushIsRemembered(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("a", "content a", past)
	p.write("large", strings.Repeat("0123456789abcdef", 17<<16), past)
	p.settled()
	if sum, _ := p.run(false); sum.Files != 2 {
		t.Errorf("push: %+v; want 2 files", sum)
	}
	p.unchanged("push again", false, 0, 0)
}

// TestPullIsRemembered checks the same of a pull, also of entries that other tools
// put: links that only a question finds, and a large file that nobody knows the md5
// of, which would be pulled again each time.
func TestPullIsRemembered(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	tree := p.bucket()
	client := tree.Client()
	for key, location := range map[string]string{"link": "/a", "away": "https://example.com/", "odd": "/a?b=c"} {
		in := &awss3.PutObjectInput{Bucket: aws.String("test"), Key: &key, WebsiteRedirectLocation: &location, Body: strings.NewReader("")}
		if _, err := client.PutObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	old := map[string]string{"mtime": "1000000000.5"}
	if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("test"), Key: aws.String("a"), Body: strings.NewReader("a"), Metadata: old}); err != nil {
		t.Fatal(err)
	}
	putOddParts(t, client, "large", old)
	if err := tree.Close(); err != nil {
		t.Fatal(err)
	}
	if sum, _ := p.run(true); sum.Files != 2 || sum.Links != 1 || sum.Refused != 2 {
		t.Errorf("the first pull: %+v; want 2 files, 1 link, 2 refused", sum)
	}
	p.unchanged("the second", true, 0, 0)
	p.caches = ""
	if sum, _ := p.run(true); sum.Files != 1 {
		t.Errorf("without memory: %+v; want the file of unknown md5 again", sum)
	}
}

// putOddParts puts an object in parts of a size that nobody can guess, without
// an md5.
func putOddParts(t *testing.T, client *awss3.Client, key string, meta map[string]string) {
	t.Helper()
	bucket := aws.String("test")
	up, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: bucket, Key: &key, Metadata: meta})
	if err != nil {
		t.Fatal(err)
	}
	var done types.CompletedMultipartUpload
	for i := range int32(3) {
		body := bytes.Repeat([]byte{byte(i)}, 5<<20+12345)
		out, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: bucket, Key: &key, UploadId: up.UploadId, PartNumber: aws.Int32(i + 1), Body: bytes.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		done.Parts = append(done.Parts, types.CompletedPart{PartNumber: aws.Int32(i + 1), ETag: out.ETag})
	}
	if _, err := client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{Bucket: bucket, Key: &key, UploadId: up.UploadId, MultipartUpload: &done}); err != nil {
		t.Fatal(err)
	}
}

// TestChangesAreSeen checks that no change of a remembered file is missed, though
// its size and modification time are those of before.
func TestChangesAreSeen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, name := range []string{"rewritten", "replaced", "the same"} {
		p.write(name, "content", past)
	}
	p.settled()
	p.run(false)
	p.unchanged("before", false, 0, 0)
	p.settle = 0                          // as users have it
	p.write("rewritten", "CONTENT", past) // in place, its time set back
	p.write("new", "CONTENT", past)
	if err := os.Rename(filepath.Join(p.dir, "new"), filepath.Join(p.dir, "replaced")); err != nil {
		t.Fatal(err)
	}
	if sum, _ := p.run(false); sum.Files != 2 || sum.Kept != 1 {
		t.Errorf("%+v; want 2 files", sum)
	}
	p.unchanged("after", false, 0, 2) // these two are too new to be remembered
}

// TestRacyChangesAreSeen checks that a file that changes right after it was read,
// within one tick of the coarsest clock, is seen to have changed.
func TestRacyChangesAreSeen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.settle = 0 // as users have it
	for i := range 8 {
		p.write("f", string(rune('a'+i)), past)
		if sum, _ := p.run(false); sum.Files != 1 {
			t.Fatalf("change %d was not seen: %+v", i, sum)
		}
	}
}

// TestOverwrittenObjectsAreSeen checks that an object that was overwritten is
// asked about again, though its ETag and size are those of before.
func TestOverwrittenObjectsAreSeen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("empty", "", past)
	p.run(false)
	p.unchanged("a file", false, 1, 0)
	p.unchanged("a file that is known", false, 0, 0)
	time.Sleep(1100 * time.Millisecond) // the store's times are in seconds
	tree := p.bucket()
	in := &awss3.PutObjectInput{Bucket: aws.String("test"), Key: aws.String("empty"), WebsiteRedirectLocation: aws.String("/other"), Body: strings.NewReader("")}
	if _, err := tree.Client().PutObject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if err := tree.Close(); err != nil {
		t.Fatal(err)
	}
	if sum, _ := p.run(false); sum.Files != 1 {
		t.Errorf("a redirect in the place of an empty file: %+v; want it put again", sum)
	}
}
