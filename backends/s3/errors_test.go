package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// refuser answers each request with one S3 error.
func refuser(t *testing.T, status int, code, message string, header ...string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		status        int
		code, message string
		header        []string
		is            error
		text          string
	}{
		{403, "AccessDenied", "Access Denied", nil, fs.ErrPermission, "s3: list: AccessDenied: Access Denied"},
		{404, "NoSuchBucket", "The specified bucket does not exist", nil, fs.ErrNotExist, `s3: list: NoSuchBucket: The specified bucket does not exist (bucket "test" does not exist there; it has to be made first)`},
		{301, "PermanentRedirect", "elsewhere", []string{"X-Amz-Bucket-Region", "eu-west-1"}, nil, "add region=eu-west-1 to the URL"},
		{400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong", nil, nil, "give the right one with region="},
		{403, "SignatureDoesNotMatch", "no", nil, fs.ErrPermission, "does not accept these credentials"},
		{400, "InvalidArgument", "bad", nil, nil, "s3: list: InvalidArgument: bad"},
		{500, "InternalError", "oops", []string{"X-Amz-Request-Id", "REQ1"}, nil, "[request REQ1]"},
	} {
		err := listError(t.Context(), openAt(t, refuser(t, c.status, c.code, c.message, c.header...), Options{MaxAttempts: 2}))
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v; want %q", c.code, err, c.text)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v is not %v", c.code, err, c.is)
		}
		for _, noise := range []string{"operation error", "https response error", "api error", "HostID"} {
			if strings.Contains(err.Error(), noise) {
				t.Errorf("%s: %v has the SDK's %q in it", c.code, err, noise)
			}
		}
	}
}

func TestPutErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		is     error
		text   string
	}{
		{400, "BadDigest", core.ErrCorrupt, ""},
		{409, "ObjectParentIsFile", core.ErrConflict, "add flat=false to the URL"},
		{409, "ExistingObjectIsDirectory", core.ErrConflict, "add flat=false to the URL"},
		{400, "KeyTooLongError", core.ErrUnsupportedKey, ""},
		{412, "PreconditionFailed", core.ErrChanged, ""},
	} {
		tree := openAt(t, refuser(t, c.status, c.code, "m"), Options{MaxAttempts: 2})
		err := putErr(tree, fileEntry("k", "x"), "x", nil)
		if key, _ := core.ErrorKey(err); !errors.Is(err, c.is) || key != "k" || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v; want %v for k, with %q", c.code, err, c.is, c.text)
		}
	}
}

// flaky fails the first n requests that match with status and code.
func flaky(n int64, method string, status int, code string) (opt s3server.Option, tries *atomic.Int64) {
	tries = new(atomic.Int64)
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == method && tries.Add(1) <= n {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(status)
				_, _ = fmt.Fprintf(w, `<Error><Code>%s</Code><Message>m</Message></Error>`, code)
				return
			}
			next.ServeHTTP(w, r)
		})
	}), tries
}

// TestRetries checks which errors are retried.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		again  bool
	}{
		{503, "SlowDown", true}, {500, "InternalError", true}, {502, "BadGateway", true}, {429, "TooManyRequests", true},
		{400, "RequestTimeout", true}, {409, "ConditionalRequestConflict", true}, {409, "OperationAborted", true},
		{409, "ObjectParentIsFile", false}, {409, "InvalidBucketState", false}, {403, "AccessDenied", false},
		{412, "PreconditionFailed", false}, {400, "BadDigest", false},
	} {
		opt, tries := flaky(7, http.MethodPut, c.status, c.code)
		tree, _ := serve(t, Options{}, opt)
		err := putErr(tree, fileEntry("k", "hello"), "hello", nil)
		if c.again && (err != nil || tries.Load() != 8) {
			t.Errorf("%d %s: %v after %d tries; want success at the eighth", c.status, c.code, err, tries.Load())
		}
		if !c.again && (err == nil || tries.Load() != 1) {
			t.Errorf("%d %s: %v after %d tries; want an error at the first", c.status, c.code, err, tries.Load())
		}
		if core.IsTransient(err) {
			t.Errorf("%d %s: %v is transient; what was tried here is not to be tried again above", c.status, c.code, err)
		}
		if got := tree.Requests()[core.ClassPut]; got != tries.Load() {
			t.Errorf("%d %s: counted %d; the server got %d", c.status, c.code, got, tries.Load())
		}
	}
	opt, tries := flaky(100, http.MethodPut, 503, "SlowDown")
	tree, _ := serve(t, Options{}, opt)
	if err := putErr(tree, fileEntry("k", "x"), "x", nil); err == nil || tries.Load() < 8 || tries.Load() > 50 {
		t.Errorf("%v after %d tries; want an error after a few more than 8", err, tries.Load())
	}
}

// TestCompletionConflict checks that an upload whose completion met another one
// begins again, from the source.
func TestCompletionConflict(t *testing.T) {
	fault := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
				w.WriteHeader(http.StatusConflict)
				_, _ = w.Write([]byte(`<Error><Code>ConditionalRequestConflict</Code><Message>m</Message></Error>`))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	tree, s := serve(t, Options{}, s3server.Wrap(fault))
	content := pattern(17 << 20)
	e := core.Entry{Key: "big", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	if _, err := tree.Put(t.Context(), e, bytes.NewReader(content), nil); !core.IsTransient(err) {
		t.Errorf("Put = %v; want a transient error", err)
	}
	if got := s.Requests(); got[core.ClassPut] != 5 || got[core.ClassDelete] != 1 {
		t.Errorf("sent %v; want 5 PUT and the abort", got)
	}
}

// TestBudget checks that not one request goes over the limit, and that the
// abort of an upload does.
func TestBudget(t *testing.T) {
	s := s3server.New(t)
	tree := openAt(t, s.URL, Options{Env: core.Env{Budget: core.NewBudget(2)}})
	putFile(t, tree, "a", "x")
	stat(t, tree, "a")
	_, err := tree.Stat(t.Context(), "a")
	if !errors.Is(err, core.ErrBudget) || strings.Contains(err.Error(), "operation error") {
		t.Errorf("Stat = %v; want ErrBudget in plain words", err)
	}
	if n := s.Requests().Total(); n != 2 {
		t.Errorf("the server got %d requests; want 2", n)
	}
	s.ResetLog()
	content := pattern(17 << 20)
	e := core.Entry{Key: "big", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	tree = openAt(t, s.URL, Options{Env: core.Env{Budget: core.NewBudget(2)}})
	if _, err := tree.Put(t.Context(), e, bytes.NewReader(content), nil); !errors.Is(err, core.ErrBudget) {
		t.Errorf("Put = %v; want ErrBudget", err)
	}
	checkNoUploads(t, openAt(t, s.URL, Options{}))
}

func TestUnreachable(t *testing.T) {
	begin := time.Now()
	err := listError(t.Context(), openAt(t, "http://127.0.0.1:1", Options{MaxBackoff: time.Minute}))
	if err == nil || !strings.HasPrefix(err.Error(), "s3: list: 127.0.0.1:1 cannot be reached: ") {
		t.Errorf("listing = %v; want a hint", err)
	}
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("an endpoint that was never reached was tried for %v", d)
	}
}

// A body that ends early again and again is an error, never the end of the content.
func TestBrokenBodies(t *testing.T) {
	cut := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/a") {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Length", "100")
			w.Header().Set("ETag", `"x"`)
			_, _ = w.Write(make([]byte, 50))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
	}
	tree, _ := serve(t, Options{}, s3server.Wrap(cut))
	r, e, err := tree.Open(t.Context(), "a")
	if err != nil || e.Size != 100 {
		t.Fatalf("Open = %+v, %v", e, err)
	}
	b, err := io.ReadAll(r)
	if len(b) != 50 || err == nil || core.IsTransient(err) || !strings.Contains(err.Error(), "broke off 8 times") {
		t.Errorf("read %d bytes, %v; want 50 and an error after 8 tries", len(b), err)
	}
	if key, _ := core.ErrorKey(err); key != "a" {
		t.Errorf("the error %v has the key %q; want a", err, key)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenURL(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AK")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "SK")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	for _, c := range []struct{ url, want string }{
		{"s3://bucket?region=eu-west-1", ""},
		{"s3://bucket/a%20b/?endpoint=http://127.0.0.1:9000&flat=false&link_body=empty", ""},
		{"s3://bucket?region=x&nonsense=1", `unknown parameter "nonsense"`},
		{"s3://bucket?region=x&flat=maybe", "expected true or false"},
		{"s3://bucket?region=x&link_body=html", "expected page or empty"},
		{"s3://bucket?region=x&endpoint=localhost:9000", "expected a URL"},
		{"s3://bucket?region=x&ssetype=rot13", "expected one of AES256"},
		{"s3://bucket?region=x&use_path_style=maybe", "expected true or false"},
		{"s3://bucket", "no AWS region is set"},
		{"s3:///prefix?region=x", "no bucket is named"},
		{"s3://bucket/a//b?region=x", "the prefix a//b cannot be used"},
		{"s3://bucket/../b?region=x", "cannot be used"},
		{"s3://user@bucket?region=x", "expected s3://bucket/prefix"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Open(t.Context(), u, core.Env{})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open(%s) = %v; want an error with %q", c.url, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("Open(%s) = %v", c.url, err)
			continue
		}
		if err := b.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOpenEnvironment checks where endpoint, path style and credentials come
// from.
func TestOpenEnvironment(t *testing.T) {
	s := s3server.New(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AK")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "SK")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_ENDPOINT_URL_S3", s.URL)
	open := func(raw string, env core.Env) (*Tree, error) {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Open(t.Context(), u, env)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = b.(*Tree).Close() })
		return b.(*Tree), nil
	}
	tree, err := open("s3://test/p", core.Env{Options: url.Values{"link_body": {"empty"}, "of_another_backend": {"x"}}})
	if err != nil {
		t.Fatal(err)
	}
	if e := putLink(t, tree, "l", "a"); e.Size != 0 {
		t.Errorf("the link has %d bytes; want none, as Env.Options say", e.Size)
	}
	if o := tree.client.Options(); !o.UsePathStyle || o.Region != "us-east-1" {
		t.Errorf("path style %v, region %q; want both for an endpoint of the environment", o.UsePathStyle, o.Region)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if _, err := open("s3://test", core.Env{}); err == nil || !strings.Contains(err.Error(), "no AWS credentials were found: set AWS_ACCESS_KEY_ID") {
		t.Errorf("without credentials: %v", err)
	}
	if _, err := open("s3://test?anonymous=true", core.Env{}); err != nil {
		t.Errorf("anonymous: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u, _ := url.Parse("s3://test")
	if _, err := Open(ctx, u, core.Env{}); err == nil {
		t.Error("no error for an ended context without credentials")
	}
}

func TestFeatures(t *testing.T) {
	f := DefaultFeatures()
	if !f.Links || !f.Flat || f.Create != core.GuardAtomic || f.Replace != core.GuardAtomic || f.MaxKey != 1024 || f.MaxTarget != 1899 || f.MaxSegment != 0 {
		t.Errorf("DefaultFeatures = %+v", f)
	}
	f = features(Options{Prefix: "é/", NotFlat: true}, false)
	if f.Flat || f.MaxSegment != 255 || f.MaxKey != 1021 || f.MaxTarget != 1892 {
		t.Errorf("features under é/ = %+v", f)
	}
	if f := features(Options{}, true); f.Links || f.URLLinks || !f.Unordered {
		t.Errorf("features of a directory bucket = %+v", f)
	}
}

// TestThrottling checks that a store that throttles in earnest loses nothing.
func TestThrottling(t *testing.T) {
	var n atomic.Int64
	busy := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1)%3 != 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = w.Write([]byte(`<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	tree, _ := serve(t, Options{MaxAttempts: 100}, s3server.Wrap(busy))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			key := string(rune('A' + i))
			if err := putErr(tree, fileEntry(key, key), key, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := list(t, tree, ""); len(got) != 50 {
		t.Errorf("%d objects; want 50", len(got))
	}
}
