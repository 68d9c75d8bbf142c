package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// TestOverwriteReplacesAll checks that nothing of the old object stays.
func TestOverwriteReplacesAll(t *testing.T) {
	tree, _ := serve(t, Options{})
	link := putLink(t, tree, "x", "a")
	file := put(t, tree, fileEntry("x", "file"), strings.NewReader("file"), &link)
	if got := stat(t, tree, "x"); got.Kind != core.File || got.Token != file.Token {
		t.Errorf("a file over a link: %+v", got)
	}
	put(t, tree, linkEntry("x", "b"), nil, &file)
	out := rawHead(t, tree, "x")
	if diff := cmp.Diff(map[string]string{"link-target": "/b"}, out.Metadata); diff != "" {
		t.Errorf("a link over a file: metadata (-want +got):\n%s", diff)
	}
}

func TestConditions(t *testing.T) {
	tree, _ := serve(t, Options{})
	seen := putFile(t, tree, "a", "one")
	link := putLink(t, tree, "l", "one")
	rawPut(t, tree, "a", "two")
	rawPut(t, tree, "l", "two")
	gone := fileEntry("gone", "x")
	gone.Token = core.SumMD5(nil).String()
	big := core.Entry{Key: "a", Kind: core.File, Size: format.SingleMax + 1}
	content := pattern(int(format.SingleMax) + 1)
	big.MD5 = core.SumMD5(content)
	for _, c := range []struct {
		name string
		f    func() error
	}{
		{"create over something", func() error { return putErr(tree, fileEntry("a", "x"), "x", nil) }},
		{"overwrite of a changed file", func() error { return putErr(tree, fileEntry("a", "x"), "x", &seen) }},
		{"overwrite of a changed link", func() error { return putErr(tree, linkEntry("l", "x"), "", &link) }},
		{"overwrite of what is gone", func() error { return putErr(tree, fileEntry("gone", "x"), "x", &gone) }},
		{"create in parts over something", func() error { return putErr(tree, big, string(content), nil) }},
		{"overwrite in parts of a changed file", func() error { return putErr(tree, big, string(content), &seen) }},
		{"delete of a changed file", func() error { return tree.Delete(t.Context(), seen) }},
		{"batch delete of a changed file", func() error { return tree.DeleteBatch(t.Context(), []core.Entry{seen})[0] }},
	} {
		err := c.f()
		var ce *core.Error
		if !errors.Is(err, core.ErrChanged) || !errors.As(err, &ce) {
			t.Errorf("%s: %v; want ErrChanged in a *core.Error", c.name, err)
		}
	}
	if got, _ := readAll(t, tree, "a"); got != "two" {
		t.Errorf("a holds %q; want what somebody else wrote", got)
	}
	if notes, _ := tree.Finish(t.Context(), core.Done{}); len(notes) != 0 {
		t.Errorf("notes = %q; want none", notes)
	}
}

func putErr(tree *Tree, e core.Entry, content string, old *core.Entry) error {
	var body io.Reader
	if e.Kind == core.File {
		body = strings.NewReader(content)
	}
	_, err := tree.Put(context.Background(), e, body, old)
	return err
}

// TestBadBodies checks that a body of another size or md5 stores nothing, with each
// kind of reader, in parts or not.
func TestBadBodies(t *testing.T) {
	tree, _ := serve(t, Options{})
	for _, size := range []int{100, int(format.SingleMax) + 100} {
		content := pattern(size)
		e := core.Entry{Key: "a", Kind: core.File, Size: int64(size), MD5: core.SumMD5(content)}
		other := append([]byte("x"), content[1:]...)
		for name, b := range map[string]struct {
			content []byte
			want    error
		}{
			"short": {content[:size-1], core.ErrCorrupt}, "long": {append(content[:size:size], 'x'), core.ErrCorrupt},
			"other": {other, core.ErrCorrupt}, "empty": {nil, core.ErrCorrupt},
		} {
			for kind, body := range map[string]io.Reader{"seeker": bytes.NewReader(b.content), "reader": onlyReader{bytes.NewReader(b.content)}} {
				if _, err := tree.Put(t.Context(), e, body, nil); !errors.Is(err, b.want) {
					t.Errorf("%d bytes, %s, %s: %v; want %v", size, name, kind, err, b.want)
				}
			}
		}
		failing := io.MultiReader(bytes.NewReader(content[:size/2]), iotest.ErrReader(os.ErrDeadlineExceeded))
		if _, err := tree.Put(t.Context(), e, failing, nil); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d bytes: %v; want the reader's error", size, err)
		}
		if _, err := tree.Put(canceled(t), e, bytes.NewReader(content), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%d bytes: %v; want context.Canceled", size, err)
		}
	}
	if got := keys(list(t, tree, "")); len(got) != 0 {
		t.Errorf("stored %v; want nothing", got)
	}
	checkNoUploads(t, tree)
}

func checkNoUploads(t *testing.T, tree *Tree) {
	t.Helper()
	out, err := tree.client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &tree.bucketName})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Uploads) != 0 {
		t.Errorf("%d unfinished uploads are left", len(out.Uploads))
	}
}

func TestParts(t *testing.T) {
	tree, s := serve(t, Options{Prefix: "p", Env: core.Env{Buffers: core.NewBuffers(10 << 20)}})
	content := pattern(20 << 20)
	e := core.Entry{Key: "big.bin", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	file := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	var old *core.Entry
	for name, body := range map[string]io.Reader{"memory": bytes.NewReader(content), "stream": onlyReader{bytes.NewReader(content)}, "file": f} {
		var got core.Entry
		sent := counts(t, tree, s, func() { got = put(t, tree, e, body, old) })
		if want := tree.PutCost(e); sent != want || want[core.ClassPut] != 5 {
			t.Errorf("%s: %v; want %v, which is 3 parts and 2", name, sent, want)
		}
		if _, n, ok := format.ParsePartsETag(got.Token); !ok || n != 3 {
			t.Errorf("%s: token %q; want one of 3 parts", name, got.Token)
		}
		if back := stat(t, tree, e.Key); !back.Same(e) || back.Token != got.Token {
			t.Errorf("%s: Stat = %+v; want %+v", name, back, got)
		}
		if read, _ := readAll(t, tree, e.Key); read != string(content) {
			t.Errorf("%s: the content is another", name)
		}
		old = &got
	}
	listed := list(t, tree, "")[0]
	sizes := tree.PartSizes(listed)
	if len(sizes) == 0 || sizes[0] != 8*format.MiB {
		t.Fatalf("PartSizes = %v; want ours first", sizes)
	}
	ev := core.Evidence{Kind: core.File, Size: e.Size, MD5: e.MD5}
	for _, size := range sizes {
		ev.Parts = append(ev.Parts, partsHash(content, size))
	}
	if !tree.Proves(listed, ev) {
		t.Error("the listing does not prove a file that was put in parts")
	}
}

func partsHash(content []byte, size int64) core.PartsHash {
	var sums []byte
	n := 0
	for ; len(content) > 0; n++ {
		k := min(int(size), len(content))
		sum := core.SumMD5(content[:k]).Sum()
		sums, content = append(sums, sum[:]...), content[k:]
	}
	return core.PartsHash{PartSize: size, Count: n, MD5: core.SumMD5(sums)}
}

// TestPartsFailure fails each request of an upload in turn: nothing is to be
// seen, and nothing is left behind.
func TestPartsFailure(t *testing.T) {
	long.Only(t)
	content := pattern(17 << 20)
	e := core.Entry{Key: "big", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	for _, what := range []string{"uploads", "partNumber=2", "uploadId"} {
		fault := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				isPut := r.Method == http.MethodPut || r.Method == http.MethodPost
				if isPut && strings.Contains(r.URL.RawQuery, what) && (what != "uploadId" || r.Method == http.MethodPost) {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		tree, _ := serve(t, Options{}, s3server.Wrap(fault))
		for _, body := range []io.Reader{bytes.NewReader(content), onlyReader{bytes.NewReader(content)}} {
			if _, err := tree.Put(t.Context(), e, body, nil); err == nil {
				t.Errorf("%s: no error", what)
			}
		}
		if got := list(t, tree, ""); len(got) != 0 {
			t.Errorf("%s: stored %v", what, got)
		}
		checkNoUploads(t, tree)
	}
}

// TestLostCompletion checks that an upload whose completion went well while its
// answer was lost is not sent again.
func TestLostCompletion(t *testing.T) {
	var once sync.Once
	fault := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lost := false
			if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
				once.Do(func() { lost = true })
			}
			if lost {
				next.ServeHTTP(discard{http.Header{}}, r)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	tree, _ := serve(t, Options{}, s3server.Wrap(fault))
	content := pattern(17 << 20)
	e := core.Entry{Key: "big", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	got := put(t, tree, e, bytes.NewReader(content), nil)
	if back := stat(t, tree, "big"); back.Token != got.Token || !back.Same(e) {
		t.Errorf("Stat = %+v; want %+v", back, got)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// TestBodyKinds checks that the media type is told from name and content, and
// that the content is whole, whatever kind of reader it comes from.
func TestBodyKinds(t *testing.T) {
	tree, _ := serve(t, Options{})
	const html = "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head></html>"
	for i, body := range []io.Reader{strings.NewReader(html), onlyReader{strings.NewReader(html)}, iotest.OneByteReader(strings.NewReader(html))} {
		key := "noext" + string(rune('0'+i))
		put(t, tree, fileEntry(key, html), body, nil)
		if got, _ := readAll(t, tree, key); got != html {
			t.Errorf("%s: content %q", key, got)
		}
		if got := aws.ToString(rawHead(t, tree, key).ContentType); !strings.HasPrefix(got, "text/html") {
			t.Errorf("%s: Content-Type %q", key, got)
		}
	}
	e := fileEntry("unknown-md5", html)
	e.MD5 = core.MD5{}
	if got := put(t, tree, e, strings.NewReader(html), nil); got.MD5 != core.SumMD5([]byte(html)) {
		t.Errorf("Put of a file of unknown md5 = %+v", got)
	}
}

// TestEncodedContent checks that the stored bytes are read: no decompression on the
// way.
func TestEncodedContent(t *testing.T) {
	tree, _ := serve(t, Options{})
	rawPut(t, tree, "a.gz", "not really gzip", func(in *awss3.PutObjectInput) { in.ContentEncoding = aws.String("gzip") })
	got, e := readAll(t, tree, "a.gz")
	if got != "not really gzip" || e.MD5 != core.SumMD5([]byte(got)) {
		t.Errorf("content = %q, %+v", got, e)
	}
}

func TestKMS(t *testing.T) {
	tree, _ := serve(t, Options{}, s3server.KMS)
	file := putFile(t, tree, "a", "hello")
	link := putLink(t, tree, "l", "a")
	if got := stat(t, tree, "a"); !got.Same(file) || got.MD5 != core.SumMD5([]byte("hello")) {
		t.Errorf("Stat = %+v; want the md5 from the metadata", got)
	}
	if got := stat(t, tree, "l"); got.Kind != core.Link {
		t.Errorf("Stat of the link = %+v", got)
	}
	for _, e := range list(t, tree, "") {
		if e.Key == "a" && tree.Proves(e, core.Evidence{Kind: core.File, Size: 5, MD5: file.MD5}) {
			t.Error("an ETag that is no md5 proved something")
		}
	}
	put(t, tree, linkEntry("l", "b"), nil, &link)
}

// TestKMSWithoutRedirects is the store where only the body tells a link.
func TestKMSWithoutRedirects(t *testing.T) {
	tree, s := serve(t, Options{}, s3server.With(s3server.KMS, s3server.DropsRedirect))
	putLink(t, tree, "l", "a")
	other := strings.Repeat("x", 1021)
	rawPut(t, tree, "f", other, withMeta(map[string]string{"link-target": "/a"}))
	sent := counts(t, tree, s, func() {
		if got := stat(t, tree, "l"); got.Kind != core.Link || got.Target.Key != "a" {
			t.Errorf("Stat of the link = %+v", got)
		}
	})
	if want := req(core.ClassHead, 1).Add(req(core.ClassGet, 1)); sent != want {
		t.Errorf("Stat took %v; want %v", sent, want)
	}
	if got, e := readAll(t, tree, "f"); got != other || e.Kind != core.File {
		t.Errorf("Open of a file that claims to be a link = %q, %+v", got, e)
	}
	if got := stat(t, tree, "f"); got.Kind != core.File {
		t.Errorf("Stat of a file that claims to be a link = %+v", got)
	}
}

// TestAByteFarBehindTheBeginningDecidesAboutTheCharset stores texts whose first 3 KiB
// are ASCII.
func TestAByteFarBehindTheBeginningDecidesAboutTheCharset(t *testing.T) {
	tree, _ := serve(t, Options{})
	ascii := strings.Repeat("plain text\n", 400)
	for content, want := range map[string]string{
		ascii: "text/plain; charset=utf-8", ascii + "é": "text/plain; charset=utf-8", ascii + "\xe9t\xe9": "text/plain",
		strings.Repeat("x", typeHead-1) + "é" + ascii: "text/plain; charset=utf-8",
	} {
		put(t, tree, fileEntry("a.txt", content), strings.NewReader(content), nil)
		if h := stat(t, tree, "a.txt").Headers; h.Get("content-type") != want {
			t.Errorf("%d bytes: got %q, want %q", len(content), h.Get("content-type"), want)
		}
		if err := tree.Delete(t.Context(), stat(t, tree, "a.txt")); err != nil {
			t.Fatal(err)
		}
	}
}
