package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/conformance"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// TestConformanceThroughTheSDK runs the suite without the wire, as where the
// endpoint is not a plain one.
func TestConformanceThroughTheSDK(t *testing.T) {
	for _, check := range conformance.Checks() {
		tree, _ := serve(t, Options{Prefix: "a b/é+"})
		if !tree.wire.usable() {
			t.Fatal("there is no wire, so the suite has nothing to compare with")
		}
		tree.wire = nil
		if check.Long || (check.Needs != nil && !check.Needs(tree.Features())) {
			continue
		}
		if err := check.Run(t.Context(), tree); err != nil {
			t.Errorf("%s: %v", check.Name, err)
		}
	}
}

// sent is what a server saw of one request.
type sent struct {
	Method, Path, Query, Body string
	Header                    http.Header
}

// record answers each request with the same and keeps what came.
func record(t *testing.T, answer string) (endpoint string, take func() sent) {
	var mu sync.Mutex
	var got []sent
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, sent{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(b), r.Header})
		w.Header().Set("ETag", `"not an md5"`)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() sent {
		mu.Lock()
		defer mu.Unlock()
		if len(got) != 1 {
			t.Fatalf("%d requests were sent, want one", len(got))
		}
		one := got[0]
		got = nil
		return one
	}
}

// plainly is r without what may differ between the SDK and the wire.
func (r sent) plainly() sent {
	r.Header = r.Header.Clone()
	if r.Header.Get("Authorization") == "" { // it is for the signature
		r.Header.Del("X-Amz-Content-Sha256")
	}
	for _, name := range []string{"User-Agent", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Accept-Encoding", "X-Amz-Date", "X-Amz-Checksum-Mode", "Authorization"} {
		r.Header.Del(name)
	}
	q, _ := url.ParseQuery(r.Query)
	q.Del("x-id")
	r.Query = q.Encode()
	return r
}

// TestTheWireSendsWhatTheSDKSends holds requests over the wire to those of the
// SDK: all that differs is what the SDK says of itself.
func TestTheWireSendsWhatTheSDKSends(t *testing.T) {
	endpoint, take := record(t, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
	for name, o := range map[string]Options{
		"signed": {Prefix: "pre fix"}, "anonymous": {Credentials: aws.AnonymousCredentials{}},
		"session": {Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", "token")},
	} {
		tree := openAt(t, endpoint, o)
		for what, send := range map[string]func() error{
			"put": func() error { return sendFile(t, tree, "a b+c/é~(1)!%2F.html", "<html>x", nil) },
			"overwrite": func() error {
				return sendFile(t, tree, "a../b", "", &core.Entry{Kind: core.File, Token: "0123"})
			},
			"large": func() error { return sendFile(t, tree, "large", strings.Repeat("x", expectAbove), nil) },
			"link": func() error {
				in := &awss3.PutObjectInput{
					Bucket: &tree.bucketName, Key: aws.String("l"), Body: strings.NewReader("page"), ContentLength: aws.Int64(4), ContentMD5: aws.String("x"),
					WebsiteRedirectLocation: aws.String("/a"), CacheControl: aws.String("max-age=0"), ContentType: aws.String("text/html"),
					Metadata: map[string]string{format.MetaTarget: "/a"}, ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("key"),
				}
				_, err := tree.putObject(t.Context(), in, nil)
				return err
			},
			"get": func() error { return fetch(tree, &awss3.GetObjectInput{Key: aws.String("a b/ü")}) },
			"range": func() error {
				return fetch(tree, &awss3.GetObjectInput{Key: aws.String("a"), Range: aws.String("bytes=5-9"), IfMatch: aws.String(`"0123"`)})
			},
			"list":     func() error { _, err := tree.askPage(t.Context(), pageQuery{}); return err },
			"list on":  func() error { _, err := tree.askPage(t.Context(), pageQuery{token: "a+/=&"}); return err },
			"list off": func() error { _, err := tree.askPage(t.Context(), pageQuery{after: "ä b+"}); return err },
		} {
			if err := send(); err != nil {
				t.Fatalf("%s, %s: %v", name, what, err)
			}
			got := take()
			tree.wire.off.Store(true)
			if err := send(); err != nil {
				t.Fatalf("%s, %s: %v", name, what, err)
			}
			want := take()
			tree.wire.off.Store(false)
			if diff := cmp.Diff(want.plainly(), got.plainly()); diff != "" {
				t.Errorf("%s, %s: SDK, wire:\n%s", name, what, diff)
			}
			if g, w := scope(got), scope(want); g != w {
				t.Errorf("%s, %s: signed for %q; the SDK for %q", name, what, g, w)
			}
		}
	}
}

var scopeOf = regexp.MustCompile(`Credential=(\S+),`)

func scope(r sent) string {
	m := scopeOf.FindStringSubmatch(r.Header.Get("Authorization"))
	return strings.Join(m, " ")
}

func sendFile(t *testing.T, tree *Tree, key, content string, old *core.Entry) error {
	_, err := tree.Put(t.Context(), fileEntry(key, content), strings.NewReader(content), old)
	return err
}

func fetch(tree *Tree, in *awss3.GetObjectInput) error {
	in.Bucket = &tree.bucketName
	out, err := tree.fetchObject(context.Background(), in)
	if err != nil {
		return err
	}
	return out.Body.Close()
}

// TestTheWireIsOnlyForPlainEndpoints holds that what the SDK signs or sends in
// another way is left to it.
func TestTheWireIsOnlyForPlainEndpoints(t *testing.T) {
	open := func(bucket string, params ...string) *wire {
		o := Options{Bucket: bucket, Params: url.Values{"region": {"eu-west-1"}}, Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", "")}
		for i := 0; i < len(params); i += 2 {
			o.Params.Set(params[i], params[i+1])
		}
		tree, err := New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tree.Close() })
		return tree.wire
	}
	for want, w := range map[string]*wire{
		"https://bucket.s3.eu-west-1.amazonaws.com":             open("bucket"),
		"https://s3.eu-west-1.amazonaws.com/buck.et":            open("buck.et"),
		"https://bucket.s3.dualstack.eu-west-1.amazonaws.com":   open("bucket", "dualstack", "true"),
		"https://bucket.s3-accelerate.amazonaws.com":            open("bucket", "accelerate", "true"),
		"https://bucket.s3-fips.eu-west-1.amazonaws.com":        open("bucket", "fips", "true"),
		"http://127.0.0.1:9000/base/bucket":                     open("bucket", "endpoint", "http://127.0.0.1:9000/base"),
		"https://account.r2.cloudflarestorage.com/bucket":       open("bucket", "endpoint", "https://account.r2.cloudflarestorage.com"),
		"http://bucket.s3.eu-west-1.amazonaws.com":              open("bucket", "disable_https", "true"),
		"https://bucket.s3.eu-west-1.amazonaws.com?region=null": nil,
	} {
		if w == nil {
			if !strings.HasSuffix(want, "null") {
				t.Errorf("no wire, want one to %s", want)
			}
			continue
		}
		if got := w.bucket.String(); got != want {
			t.Errorf("wire to %s, want %s", got, want)
		}
		if w.region != "eu-west-1" || w.bare != strings.HasPrefix(want, "https:") {
			t.Errorf("%s: region %q, bodies unsigned %v", want, w.region, w.bare)
		}
	}
	for _, w := range []*wire{open("bucket--use1-az4--x-s3"), open("bucket", "request_checksum_calculation", "when_supported")} {
		if w.usable() {
			t.Errorf("a wire to %v; want none", &w.bucket)
		}
	}
}

// TestABodyIsTakenBackWhenItsRequestIsOver holds that nothing is read from it
// any more.
func TestABodyIsTakenBackWhenItsRequestIsOver(t *testing.T) {
	b := &lentBody{r: strings.NewReader("secret of the next request")}
	p := make([]byte, 6)
	if n, err := b.Read(p); n != 6 || err != nil {
		t.Fatal(n, err)
	}
	b.take()
	if n, err := b.Read(p); n != 0 || !errors.Is(err, errTaken) {
		t.Errorf("read %d bytes, %v, of a body that was taken back", n, err)
	}
}

// TestAnEarlyAnswerLeavesTheBodyAlone holds that nothing reads a body once its
// request was answered, although the server did not take all of it.
func TestAnEarlyAnswerLeavesTheBodyAlone(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(s.Close)
	tree := openAt(t, s.URL, Options{})
	for range 20 {
		content := bytes.Repeat([]byte("x"), 1<<20)
		in := &awss3.PutObjectInput{Bucket: &tree.bucketName, Key: aws.String("a"), Body: bytes.NewReader(content), ContentLength: aws.Int64(1 << 20)}
		if _, err := tree.wire.put(t.Context(), in, 0); err == nil {
			t.Fatal("a refusal was taken for success")
		}
		clear(content) // the race detector sees who still reads it
	}
}

// TestAWrongClockIsLeftToTheSDK holds that a request which is refused for its
// time is sent again as the SDK sends it, and all that follow.
func TestAWrongClockIsLeftToTheSDK(t *testing.T) {
	var wired atomic.Int64
	skew := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("User-Agent") != userAgent[0] {
				next.ServeHTTP(w, r)
				return
			}
			wired.Add(1)
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>RequestTimeTooSkewed</Code></Error>")
		})
	}
	tree, _ := serve(t, Options{}, s3server.Wrap(skew))
	putFile(t, tree, "a", "content")
	putFile(t, tree, "b", "content")
	r, _, err := tree.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || string(got) != "content" {
		t.Errorf("read %q, %v", got, err)
	}
	if keys := list(t, tree, ""); len(keys) != 2 {
		t.Errorf("listed %d keys, want 2", len(keys))
	}
	if n := wired.Load(); n != 1 {
		t.Errorf("%d requests went over the wire, want the first alone", n)
	}
}

// TestABrokenListingIsAskedForAgain holds that a page which breaks off is not
// taken for a short one.
func TestABrokenListingIsAskedForAgain(t *testing.T) {
	var asked atomic.Int64
	cut := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("list-type") == "2" && asked.Add(1) == 1 {
				w.Header().Set("Content-Length", "1000")
				_, _ = io.WriteString(w, "<ListBucketResult><IsTruncated>false</IsTruncated>")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	tree, _ := serve(t, Options{}, s3server.Wrap(cut))
	putFile(t, tree, "a", "content")
	var keys []string
	for _, e := range list(t, tree, "") {
		keys = append(keys, e.Key)
	}
	if !slices.Equal(keys, []string{"a"}) || asked.Load() != 2 {
		t.Errorf("listed %q with %d requests, want a with 2", keys, asked.Load())
	}
}
