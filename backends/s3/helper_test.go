package s3

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // As in hash.go.
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// openAt opens a tree at an endpoint, with retries that do not wait.
func openAt(t testing.TB, endpoint string, o Options) *Tree {
	t.Helper()
	if o.Bucket == "" {
		o.Bucket = "test"
	}
	o.Params = url.Values{"endpoint": {endpoint}, "region": {"us-east-1"}}
	if o.Credentials == nil {
		o.Credentials = credentials.NewStaticCredentialsProvider("AKTEST", "SKTEST", "")
	}
	if o.Env.GiveUp == 0 {
		o.Env.GiveUp = time.Second
	}
	if o.MaxBackoff == 0 {
		o.MaxBackoff = time.Millisecond
	}
	tree, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	})
	return tree
}

// serve starts a server and opens a tree on it.
func serve(t testing.TB, o Options, opts ...s3server.Option) (*Tree, *s3server.Server) {
	t.Helper()
	s := s3server.New(t, opts...)
	return openAt(t, s.URL, o), s
}

func fileEntry(key, content string) core.Entry {
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content))}
}

func linkEntry(key, target string) core.Entry {
	return core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: target}}
}

func putFile(t testing.TB, tree *Tree, key, content string) core.Entry {
	t.Helper()
	return put(t, tree, fileEntry(key, content), strings.NewReader(content), nil)
}

func putLink(t testing.TB, tree *Tree, key, target string) core.Entry {
	t.Helper()
	return put(t, tree, linkEntry(key, target), nil, nil)
}

func put(t testing.TB, tree *Tree, e core.Entry, body io.Reader, old *core.Entry) core.Entry {
	t.Helper()
	got, err := tree.Put(t.Context(), e, body, old)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// rawPut stores an object as any other tool might.
func rawPut(t testing.TB, tree *Tree, key, body string, change ...func(*awss3.PutObjectInput)) {
	t.Helper()
	in := &awss3.PutObjectInput{Bucket: &tree.bucketName, Key: &key, Body: strings.NewReader(body)}
	for _, f := range change {
		f(in)
	}
	if _, err := tree.client.PutObject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func redirectTo(location string) func(*awss3.PutObjectInput) {
	return func(in *awss3.PutObjectInput) { in.WebsiteRedirectLocation = &location }
}

func withMeta(m map[string]string) func(*awss3.PutObjectInput) {
	return func(in *awss3.PutObjectInput) { in.Metadata = m }
}

func rawHead(t testing.TB, tree *Tree, key string) *awss3.HeadObjectOutput {
	t.Helper()
	out, err := tree.client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &tree.bucketName, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func list(t testing.TB, tree *Tree, after string) []core.Entry {
	t.Helper()
	var all []core.Entry
	for e, err := range tree.List(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func keys(entries []core.Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Key)
	}
	return all
}

func readAll(t testing.TB, tree *Tree, key string) (string, core.Entry) {
	t.Helper()
	r, e, err := tree.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		return "", e
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b), e
}

func stat(t testing.TB, tree *Tree, key string) core.Entry {
	t.Helper()
	e, err := tree.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// counts runs f and reports the requests that it sent, as tree and the other
// trees on this server count them; the server must agree.
func counts(t testing.TB, tree *Tree, s *s3server.Server, f func(), others ...*Tree) (got core.Requests) {
	t.Helper()
	trees := append(others, tree)
	before := make([]core.Requests, len(trees))
	for i, t := range trees {
		before[i] = t.Requests()
	}
	s.ResetLog()
	f()
	for i, t := range trees {
		for class, n := range t.Requests().Sub(before[i]) {
			got[class] += n
		}
	}
	if served := s.Requests(); got != served {
		t.Errorf("the tree counted %v; the server got %v", got, served)
	}
	return got
}

func req(class core.Class, n int64) (r core.Requests) {
	r[class] = n
	return r
}

// onlyReader hides everything of a reader but Read.
type onlyReader struct{ io.Reader }

// pattern is n bytes that repeat nowhere near.
func pattern(n int) []byte {
	b := make([]byte, 0, n+md5.Size)
	sum := md5.Sum([]byte("pattern")) //nolint:gosec // Any bytes do.
	for len(b) < n {
		sum = md5.Sum(sum[:]) //nolint:gosec // As above.
		b = append(b, bytes.Repeat(sum[:], 64)...)
	}
	return b[:n]
}

func canceled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func header(t testing.TB, p *string, want, what string) {
	t.Helper()
	if got := aws.ToString(p); got != want {
		t.Errorf("%s = %q; want %q", what, got, want)
	}
}
