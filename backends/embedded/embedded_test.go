package embedded_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/embedded"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

func open(t testing.TB, raw string, env core.Env) (core.Backend, error) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return embedded.Open(t.Context(), u, env)
}

func mustOpen(t testing.TB, raw string) core.Backend {
	t.Helper()
	b, err := open(t, raw, core.Env{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeTree(t, b) })
	return b
}

func closeTree(t testing.TB, b core.Backend) {
	t.Helper()
	if err := b.(io.Closer).Close(); err != nil {
		t.Error(err)
	}
}

// fresh puts the store of a test into a directory of its own.
func fresh(t testing.TB) string {
	dir := filepath.Join(t.TempDir(), "store")
	t.Setenv(embedded.DirVariable, dir)
	return dir
}

func put(t testing.TB, b core.Backend, key, content string) core.Entry {
	t.Helper()
	e, err := b.Put(t.Context(), core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content))}, strings.NewReader(content), nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func get(t testing.TB, b core.Backend, key string) string {
	t.Helper()
	r, _, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestContentOutlivesTheProcess(t *testing.T) {
	fresh(t)
	b := mustOpen(t, "embedded://demo/site")
	put(t, b, "a/b", "content")
	target := core.Target{Key: "a/b"}
	if _, err := b.Put(t.Context(), core.Entry{Key: "l", Kind: core.Link, Target: target}, nil, nil); err != nil {
		t.Fatal(err)
	}
	closeTree(t, b)
	b = mustOpen(t, "embedded://demo")
	if got := get(t, b, "site/a/b"); got != "content" {
		t.Errorf("got %q, want %q", got, "content")
	}
	e, err := b.Stat(t.Context(), "site/l")
	if err != nil || e.Kind != core.Link || e.Target.Key != "site/a/b" {
		t.Errorf("the link: got %+v, %v, want a link to site/a/b", e, err)
	}
}

func TestTwoTreesShareOneServer(t *testing.T) {
	fresh(t)
	a, b := mustOpen(t, "embedded://aaa"), mustOpen(t, "embedded://bbb")
	put(t, a, "k", "in a")
	put(t, b, "k", "in b")
	closeTree(t, a)
	closeTree(t, a) // a second Close does nothing: the server is still there for b
	if got := get(t, b, "k"); got != "in b" {
		t.Errorf("got %q, want %q", got, "in b")
	}
}

func TestMissingBucket(t *testing.T) {
	fresh(t)
	put(t, mustOpen(t, "embedded://present"), "k", "")
	_, err := open(t, "embedded://absent", core.Env{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "existing: present") {
		t.Errorf("got %v, want fs.ErrNotExist and the buckets that exist", err)
	}
	b, err := open(t, "embedded://present", core.Env{})
	if err != nil {
		t.Fatalf("a bucket that exists: %v", err)
	}
	closeTree(t, b)
}

func TestUsageErrors(t *testing.T) {
	fresh(t)
	for raw, want := range map[string]string{
		"embedded://":               "no bucket is named",
		"embedded://ab":             "3 to 63",
		"embedded://Demo":           "lower-case",
		"embedded://-demo":          "begin and end",
		"embedded://de..mo":         "two dots",
		"embedded://10.0.0.1":       "IP address",
		"embedded://demo:80":        "lower-case",
		"embedded://u:p@demo":       "no credentials",
		"embedded://demo?region=x":  `unknown parameter "region"`,
		"embedded://demo/a//b":      "prefix",
		"embedded://demo?link_body": "",
	} {
		b, err := open(t, raw, core.Env{Create: true})
		if err == nil {
			closeTree(t, b)
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got error %v, want one with %q", raw, err, want)
		}
	}
}

// TestSecondProcess runs this test binary again, which tries to open the store.
func TestSecondProcess(t *testing.T) {
	if dir := os.Getenv("EMBEDDED_TEST_CHILD"); dir != "" {
		t.Setenv(embedded.DirVariable, dir)
		_, err := open(t, "embedded://demo", core.Env{Create: true})
		t.Fatalf("child: %v", err)
	}
	dir := fresh(t)
	b := mustOpen(t, "embedded://demo")
	put(t, b, "k", "content")
	child := exec.Command(os.Args[0], "-test.run=^TestSecondProcess$")
	child.Env = append(os.Environ(), "EMBEDDED_TEST_CHILD="+dir)
	out, err := child.CombinedOutput()
	if err == nil {
		t.Fatalf("the child opened a store that is in use:\n%s", out)
	}
	for _, want := range []string{dir, "in use by another s3fc (pid ", "wait for it", embedded.DirVariable} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the child's message lacks %q:\n%s", want, out)
		}
	}
	if got := get(t, b, "k"); got != "content" {
		t.Errorf("after that: got %q, want %q", got, "content")
	}
}

func TestStrangersAreKeptOut(t *testing.T) {
	fresh(t)
	b := mustOpen(t, "embedded://demo")
	put(t, b, "k", "secret")
	client := b.(*embedded.Tree).Client()
	endpoint := *client.Options().BaseEndpoint
	for _, authorization := range []string{"", "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/s3/aws4_request"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/demo/k", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", authorization)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%q: got %s, want 403", authorization, resp.Status)
		}
	}
}

func TestNoHintAtHosting(t *testing.T) {
	fresh(t)
	b := mustOpen(t, "embedded://demo")
	f, ok := core.As[core.Finisher](b)
	if !ok {
		t.Fatal("the tree is no Finisher")
	}
	notes, err := f.Finish(t.Context(), core.Done{LinksPut: 1})
	if err != nil || len(notes) > 0 {
		t.Errorf("got notes %q, %v, want none", notes, err)
	}
}

func TestOptionalInterfacesAreFound(t *testing.T) {
	fresh(t)
	b := mustOpen(t, "embedded://demo")
	_, batch := core.As[core.BatchDeleter](b)
	_, prover := core.As[core.Prover](b)
	_, meter := core.As[core.RequestCounter](b)
	_, coster := core.As[core.Coster](b)
	if !batch || !prover || !meter || !coster {
		t.Errorf("found: BatchDeleter %t, Prover %t, Meter %t, Coster %t; want all", batch, prover, meter, coster)
	}
}

// pattern is a content of any size that takes no memory.
type pattern struct{ left int64 }

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), p.left))
	for i := range n {
		b[i] = byte((p.left - int64(i)) * 2654435761 >> 13)
	}
	p.left -= int64(n)
	return n, nil
}

func md5Of(t testing.TB, r io.Reader) core.MD5 {
	t.Helper()
	h := md5.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Fatal(err)
	}
	return core.MD5Of([md5.Size]byte(h.Sum(nil)))
}

func TestLargeObjectInConstantMemory(t *testing.T) {
	long.Only(t)
	const size = 200 << 20
	fresh(t)
	u, err := url.Parse("embedded://demo")
	if err != nil {
		t.Fatal(err)
	}
	b, err := embedded.Open(t.Context(), u, core.Env{Create: true, Buffers: core.NewBuffers(core.DefaultBuffers)})
	if err != nil {
		t.Fatal(err)
	}
	defer closeTree(t, b)
	sum := md5Of(t, &pattern{size})
	peak := watchHeap(t.Context(), func() {
		_, err = b.Put(t.Context(), core.Entry{Key: "large", Kind: core.File, Size: size, MD5: sum}, &pattern{size}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("put: peak live heap %d MiB more", peak>>20)
	if peak > 64<<20 {
		t.Errorf("putting: the heap grew by %d MiB, want at most 64 (32 of them buffers)", peak>>20)
	}
	var got core.MD5
	peak = watchHeap(t.Context(), func() {
		r, _, err := b.Open(t.Context(), "large")
		if err != nil {
			t.Fatal(err)
		}
		got = md5Of(t, r)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("get: peak live heap %d MiB more", peak>>20)
	if peak > 64<<20 {
		t.Errorf("getting: the heap grew by %d MiB, want at most 64", peak>>20)
	}
	if got != sum {
		t.Errorf("the content came back with md5 %s, want %s", got, sum)
	}
}
