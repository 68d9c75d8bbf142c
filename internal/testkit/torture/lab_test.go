package torture

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // What travels with each file.
	"encoding/hex"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/s3"
	"github.com/s3fc/s3fc/cmd"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// thorough, in the environment, makes the tests of races take minutes instead
// of seconds.
const thorough = "S3FC_TEST_TORTURE"

// count is how often something is tried: some times, or with thorough many.
func count(some, many int) int {
	if os.Getenv(thorough) != "" {
		return many
	}
	return some
}

// A lab is the program with one S3 server, whose bucket is s3://test.
type lab struct {
	*testing.T
	mux    core.Mux
	client *awss3.Client // of somebody else
	bucket string
	fake   *s3server.Server // nil on another server

	remembers bool // from run to run

	// send sends the program's requests, so that a test can act between them.
	send func(next http.RoundTripper, r *http.Request) (*http.Response, error)
	// wrapLocal goes around directories.
	wrapLocal func(core.Backend) core.Backend
}

// newLab is a lab on a fake server.
func newLab(t *testing.T, opts ...s3server.Option) *lab {
	t.Helper()
	s := s3server.New(t, append(opts, s3server.Wrap(ahead))...)
	l := &lab{T: t, fake: s}
	l.serve(s.URL, s.Bucket, "AKTEST", "SKTEST", false)
	return l
}

// onGateway is a lab on a real server.
func onGateway(t *testing.T) *lab {
	t.Helper()
	g := versitygw.Start(t)
	l := &lab{T: t}
	l.serve(g.Endpoint, g.Bucket(t), g.AccessKey, g.SecretKey, true)
	return l
}

// bothServers runs a test in a lab on each server.
func bothServers(t *testing.T, run func(*lab)) {
	t.Run("s3server", func(t *testing.T) { run(newLab(t)) })
	t.Run("versitygw", func(t *testing.T) {
		run(onGateway(t))
	})
}

func (l *lab) serve(endpoint, bucket, access, secret string, paths bool) {
	l.Helper()
	buckets, directories := s3.Scheme, localfs.Scheme
	buckets.Open = func(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
		env.GiveUp = time.Second
		t, err := s3.New(ctx, s3.Options{
			Bucket: bucket, Prefix: strings.Trim(u.Path, "/"), NotFlat: paths, Env: env, Transport: l, MaxAttempts: 3, MaxBackoff: time.Millisecond,
			Params:      url.Values{"endpoint": {endpoint}, "region": {"us-east-1"}},
			Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
		})
		if err != nil {
			return nil, err
		}
		return t, nil
	}
	directories.Open = func(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
		t, err := l.openDir(ctx, u, env)
		if err == nil && l.wrapLocal != nil {
			t = l.wrapLocal(t)
		}
		return t, err
	}
	l.mux.Handle(buckets)
	l.mux.Handle(directories)
	raw, err := s3.New(l.Context(), s3.Options{
		Bucket: bucket, Params: url.Values{"endpoint": {endpoint}, "region": {"us-east-1"}},
		Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
	})
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = raw.Close() })
	l.Cleanup(transport.CloseIdleConnections)
	l.client = raw.Client()
	l.remember(os.Getenv(withMemory) != "")
	l.bucket = bucket
}

// transport is for all labs, so that its connections are closed at the end.
var transport = &http.Transport{MaxIdleConnsPerHost: 32}

// RoundTrip implements [http.RoundTripper] for the program's requests.
func (l *lab) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.send != nil {
		return l.send(transport, r)
	}
	return transport.RoundTrip(r)
}

// said is a run's output and exit code.
type said struct {
	code     int
	out, err string
}

// run runs the program, and waits for it.
func (l *lab) run(args ...string) said {
	l.Helper()
	if l.remembers {
		settled()
	}
	ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code := cmd.Program{Mux: &l.mux}.Run(ctx, args, strings.NewReader(""), &out, &errs)
	return said{code, out.String(), errs.String()}
}

// want runs the program, and checks its exit code and a text in its output.
func (l *lab) want(code int, text string, args ...string) said {
	l.Helper()
	got := l.run(args...)
	if got.code != code || !strings.Contains(got.out+got.err, text) {
		l.Errorf("s3fc %s: exit code %d, %s%s; want %d, %q", strings.Join(args, " "), got.code, got.out, got.err, code, text)
	}
	return got
}

// dir makes a directory: contents by key, and texts of links behind an arrow.
func (l *lab) dir(contents map[string]string) string {
	l.Helper()
	dir := l.TempDir()
	l.fill(dir, contents)
	return dir
}

func (l *lab) fill(dir string, contents map[string]string) {
	l.Helper()
	for key, text := range contents {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			l.Fatal(err)
		}
		if to, ok := strings.CutPrefix(text, "→"); ok {
			if err := os.Symlink(to, path); err != nil {
				l.Fatal(err)
			}
		} else {
			l.write(path, text)
		}
	}
}

func (l *lab) write(path, text string) {
	l.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		l.Fatal(err)
	}
}

// inDir reads a directory, in the form that dir takes.
func (l *lab) inDir(dir string) map[string]string {
	l.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.Type()&fs.ModeSymlink != 0 {
			text, err := os.Readlink(path)
			out[filepath.ToSlash(rel)] = "→" + text
			return err
		}
		b, err := os.ReadFile(path)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		l.Fatal(err)
	}
	return out
}

// put puts an object as any other tool might.
func (l *lab) put(key, text string, change ...func(*awss3.PutObjectInput)) {
	l.Helper()
	in := &awss3.PutObjectInput{Bucket: &l.bucket, Key: &key, Body: strings.NewReader(text)}
	for _, f := range change {
		f(in)
	}
	if _, err := l.client.PutObject(context.WithoutCancel(l.Context()), in); err != nil {
		l.Errorf("put %s: %v", key, err)
	}
}

func redirect(to string) func(*awss3.PutObjectInput) {
	return func(in *awss3.PutObjectInput) { in.WebsiteRedirectLocation = &to }
}

// remove deletes an object as any other tool might.
func (l *lab) remove(key string) {
	l.Helper()
	if _, err := l.client.DeleteObject(context.WithoutCancel(l.Context()), &awss3.DeleteObjectInput{Bucket: &l.bucket, Key: &key}); err != nil {
		l.Errorf("delete %s: %v", key, err)
	}
}

// inBucket reads the bucket: contents, and the targets of redirects behind an
// arrow. Each object is compared with its own md5 metadata.
func (l *lab) inBucket() map[string]string {
	l.Helper()
	out := map[string]string{}
	pages := awss3.NewListObjectsV2Paginator(l.client, &awss3.ListObjectsV2Input{Bucket: &l.bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(l.Context())
		if err != nil {
			l.Fatal(err)
		}
		for _, o := range page.Contents {
			out[*o.Key] = l.object(*o.Key)
		}
	}
	return out
}

func (l *lab) object(key string) string {
	l.Helper()
	got, err := l.client.GetObject(l.Context(), &awss3.GetObjectInput{Bucket: &l.bucket, Key: &key})
	if err != nil {
		l.Fatalf("get %s: %v", key, err)
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		l.Fatalf("get %s: %v", key, err)
	}
	if to := got.WebsiteRedirectLocation; to != nil {
		return "→" + *to
	}
	sum := md5.Sum(b) //nolint:gosec // See the import.
	if claimed := got.Metadata["md5"]; claimed != "" && claimed != hex.EncodeToString(sum[:]) {
		l.Errorf("%s is stored with the md5 %s, and its content has %x", key, claimed, sum)
	}
	return string(b)
}

// same compares a place's entries with the wanted ones.
func (l *lab) same(where string, got, want map[string]string) {
	l.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if text, ok := got[key]; !ok {
			l.Errorf("%s: %q is missing", where, key)
		} else if text != want[key] {
			l.Errorf("%s: %q is %.80q, want %.80q", where, key, text, want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			l.Errorf("%s: %q is there", where, key)
		}
	}
}

// writes reports whether a request changes something.
func writes(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }
