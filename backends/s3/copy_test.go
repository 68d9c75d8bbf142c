package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"

	"github.com/s3fc/s3fc/core/reconcile"
)

// twoTrees opens two prefixes of one bucket of a server.
func twoTrees(t *testing.T, opts ...s3server.Option) (src, dst *Tree, s *s3server.Server) {
	t.Helper()
	s = s3server.New(t, opts...)
	return openAt(t, s.URL, Options{Prefix: "src"}), openAt(t, s.URL, Options{Prefix: "dst"}), s
}

// likeAWS opens two prefixes at a server that both take for AWS.
func likeAWS(t *testing.T, opts ...s3server.Option) (src, dst *Tree, s *s3server.Server) {
	t.Helper()
	s = s3server.New(t, opts...)
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	open := func(prefix string) *Tree {
		t.Setenv("AWS_ENDPOINT_URL", "")
		t.Setenv("AWS_ENDPOINT_URL_S3", "")
		tree, err := New(t.Context(), Options{
			Bucket: "test", Prefix: prefix, Transport: rerouted{to.Host}, MaxBackoff: time.Millisecond,
			Params: url.Values{"region": {"us-east-1"}}, Credentials: credentials.NewStaticCredentialsProvider("AKTEST", "SKTEST", ""),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tree.Close() })
		return tree
	}
	return open("src"), open("dst"), s
}

// rerouted sends requests for a bucket at AWS to another host.
type rerouted struct{ host string }

func (r rerouted) RoundTrip(req *http.Request) (*http.Response, error) {
	bucket, _, ok := strings.Cut(req.URL.Host, ".s3.us-east-1.amazonaws.com")
	if !ok {
		return nil, fmt.Errorf("a request to %s", req.URL.Host)
	}
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.Host = "http", r.host, r.host
	req.URL.Path, req.URL.RawPath = "/"+bucket+req.URL.Path, ""
	return http.DefaultTransport.RoundTrip(req)
}

// inListing is the entry as a listing shows it.
func inListing(t *testing.T, tree *Tree, key string) core.Entry {
	t.Helper()
	for _, e := range list(t, tree, "") {
		if e.Key == key {
			return e
		}
	}
	t.Fatalf("%s is not listed", key)
	return core.Entry{}
}

func mustCopy(t *testing.T, dst *Tree, src core.Tree, e core.Entry, key string, old *core.Entry) core.Entry {
	t.Helper()
	got, err := dst.CopyFrom(t.Context(), src, e, key, old)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// onCopy calls f before each request to copy.
func onCopy(f func(w http.ResponseWriter, r *http.Request) (answered bool)) s3server.Option {
	return s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Copy-Source") == "" || !f(w, r) {
				next.ServeHTTP(w, r)
			}
		})
	})
}

func TestACopyIsOneHeadEachAndOneCopyAndKeepsAllMetadata(t *testing.T) {
	src, dst, s := twoTrees(t)
	const key = "a b+é%?#&.txt"
	rawPut(t, src, "src/"+key, "content", withMeta(map[string]string{"mtime": "1700000000.5", "note": "theirs"}), func(in *awss3.PutObjectInput) {
		in.ContentType, in.CacheControl = aws.String("text/x-odd"), aws.String("max-age=7")
		in.ContentDisposition, in.ContentEncoding, in.ContentLanguage = aws.String("inline"), aws.String("br"), aws.String("de")
	})
	e := inListing(t, src, key)
	if !dst.CanCopy(src, e) {
		t.Fatal("CanCopy: false")
	}
	var got core.Entry
	both := counts(t, dst, s, func() { got = mustCopy(t, dst, src, e, "to/"+key, nil) }, src) // the HEAD of the source is the source's
	if want := dst.CopyCost(e); both != want {
		t.Errorf("requests: %v, want %v", both, want)
	}
	if st := stat(t, dst, "to/"+key); st.MD5 != core.SumMD5([]byte("content")) || st.Token != got.Token || !st.ModTime.Equal(got.ModTime) || st.ModTime.IsZero() {
		t.Errorf("stat %+v, copy %+v", st, got)
	}
	h := rawHead(t, dst, "dst/to/"+key)
	header(t, h.ContentType, "text/x-odd", "content type")
	header(t, h.CacheControl, "max-age=7", "cache control")
	header(t, h.ContentDisposition, "inline", "content disposition")
	header(t, h.ContentEncoding, "br", "content encoding")
	header(t, h.ContentLanguage, "de", "content language")
	want := map[string]string{"mtime": "1700000000.5", "note": "theirs", "md5": core.SumMD5([]byte("content")).String()}
	if !maps.Equal(h.Metadata, want) {
		t.Errorf("metadata %v, want %v", h.Metadata, want)
	}
}

func TestACopyInPartsIsTheUploadOfTheSame(t *testing.T) {
	src, dst, s := twoTrees(t)
	dst.copier.Limit = format.SingleMax
	content := pattern(20<<20 + 5)
	e := core.Entry{Key: "big", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	put(t, src, e, bytes.NewReader(content), nil)
	e = inListing(t, src, "big")
	s.ResetLog()
	got := mustCopy(t, dst, src, e, "big", nil)
	if s.Requests() != dst.CopyCost(e) || got.Token != e.Token || got.MD5 != core.SumMD5(content) {
		t.Errorf("requests %v, want %v; %+v", s.Requests(), dst.CopyCost(e), got)
	}
	if text, _ := readAll(t, dst, "big"); text != string(content) {
		t.Error("the content is another")
	}
	if h := rawHead(t, dst, "dst/big"); h.Metadata["md5"] != got.MD5.String() || aws.ToString(h.ContentType) != aws.ToString(rawHead(t, src, "src/big").ContentType) {
		t.Errorf("metadata %v, %s", h.Metadata, aws.ToString(h.ContentType))
	}
	if _, err := dst.CopyFrom(t.Context(), src, e, "big", nil); !errors.Is(err, core.ErrChanged) {
		t.Errorf("over what is there: %v, want ErrChanged", err)
	}
}

func TestAPartThatFailsLeavesNoUpload(t *testing.T) {
	var n atomic.Int32
	src, dst, _ := twoTrees(t, onCopy(func(w http.ResponseWriter, _ *http.Request) bool {
		if n.Add(1) < 2 {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		return true
	}))
	dst.copier.Limit = format.SingleMax
	content := pattern(17 << 20)
	put(t, src, core.Entry{Key: "big", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}, bytes.NewReader(content), nil)
	if _, err := dst.CopyFrom(t.Context(), src, inListing(t, src, "big"), "big", nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v, want one that is ErrUnsupported", err)
	}
	out, err := dst.client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &dst.bucketName})
	if err != nil || len(out.Uploads) != 0 || len(list(t, dst, "")) != 0 {
		t.Errorf("%d uploads are left, %v; %v", len(out.Uploads), err, list(t, dst, ""))
	}
}

func TestLinksAndChangedObjectsAreNotCopied(t *testing.T) {
	src, dst, s := twoTrees(t)
	rawPut(t, src, "src/redirect", "content and a redirect", redirectTo("/src/x"))
	rawPut(t, src, "src/out", "content and a redirect", redirectTo("/elsewhere"))
	putLink(t, src, "link", "x")
	stale := putFile(t, src, "stale", "planned")
	put(t, src, fileEntry("stale", "another"), strings.NewReader("another"), &stale)
	gone := putFile(t, src, "gone", "gone soon")
	if err := src.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	link := inListing(t, src, "link")
	if dst.CanCopy(src, link) {
		t.Error("what may be a link by its size is to be copied")
	}
	for _, e := range []core.Entry{inListing(t, src, "redirect"), inListing(t, src, "out"), link, stale, gone} {
		s.ResetLog()
		_, err := dst.CopyFrom(t.Context(), src, e, e.Key, nil)
		if !errors.Is(err, errors.ErrUnsupported) || s.Requests()[core.ClassCopy] != 0 {
			t.Errorf("%s: %v, %v", e.Key, err, s.Requests())
		}
	}
	if got := list(t, dst, ""); len(got) != 0 {
		t.Errorf("the destination has %v", keys(got))
	}
}

func TestACopyOverwritesOnlyTheSeenVersion(t *testing.T) {
	src, dst, _ := likeAWS(t)
	e := putFile(t, src, "k", "new")
	putFile(t, dst, "k", "somebody's")
	old := fileEntry("k", "old")
	old.Token = old.MD5.String()
	for what, seen := range map[string]*core.Entry{"nothing": nil, "another": &old} {
		if _, err := dst.CopyFrom(t.Context(), src, e, "k", seen); !errors.Is(err, core.ErrChanged) {
			t.Errorf("%s was seen: %v, want ErrChanged", what, err)
		}
	}
	if _, err := dst.CopyFrom(t.Context(), src, e, "missing", &old); !errors.Is(err, core.ErrChanged) {
		t.Errorf("over what is gone: %v, want ErrChanged", err)
	}
	text, now := readAll(t, dst, "k")
	if text != "somebody's" {
		t.Errorf("%q", text)
	}
	if got := mustCopy(t, dst, src, e, "k", &now); got.MD5 != e.MD5 {
		t.Errorf("%+v", got)
	}
}

// Stores that heed the conditions of a PUT may ignore those of a copy.
func TestElsewhereThanAtAWSNothingIsCopiedOver(t *testing.T) {
	src, dst, s := twoTrees(t, s3server.IgnoresConditions)
	e := putFile(t, src, "k", "new")
	old := putFile(t, dst, "k", "old")
	if _, err := dst.CopyFrom(t.Context(), src, e, "k", nil); !errors.Is(err, core.ErrChanged) {
		t.Errorf("over what was not seen: %v, want ErrChanged", err)
	}
	if _, err := dst.CopyFrom(t.Context(), src, e, "k", &old); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("over what was seen: %v, want one that is ErrUnsupported", err)
	}
	if text, _ := readAll(t, dst, "k"); text != "old" || s.Requests()[core.ClassCopy] != 0 {
		t.Errorf("%q, %v", text, s.Requests())
	}
}

func TestAChangeAtTheMomentOfTheCopyIsSeen(t *testing.T) {
	var change func()
	src, dst, _ := likeAWS(t, onCopy(func(http.ResponseWriter, *http.Request) bool {
		if f := change; f != nil {
			change = nil
			f()
		}
		return false
	}))
	e := putFile(t, src, "k", "new")
	old := putFile(t, dst, "k", "old")
	change = func() { put(t, dst, fileEntry("k", "theirs"), strings.NewReader("theirs"), &old) }
	if _, err := dst.CopyFrom(t.Context(), src, e, "k", &old); !errors.Is(err, core.ErrChanged) {
		t.Errorf("the destination changed: %v, want ErrChanged", err)
	}
	theirs := stat(t, dst, "k")
	change = func() { put(t, src, fileEntry("k", "newer"), strings.NewReader("newer"), &e) }
	if _, err := dst.CopyFrom(t.Context(), src, e, "k", &theirs); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("the source changed: %v, want one that is ErrUnsupported", err)
	}
	if text, _ := readAll(t, dst, "k"); text != "theirs" {
		t.Errorf("%q", text)
	}
}

func answer(status int, code string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
		return true
	}
}

func TestARefusedCopyIsNotAskedForAgain(t *testing.T) {
	for _, c := range []struct {
		status      int
		code        string
		unsupported bool
		again       bool
	}{
		{403, "AccessDenied", true, false},
		{501, "NotImplemented", true, false},
		{405, "MethodNotAllowed", true, false},
		{400, "InvalidRequest", true, true},
		{409, "ObjectParentIsFile", false, true},
		{500, "InternalError", false, true},
		{200, "InternalError", false, true}, // an error inside a good answer
	} {
		src, dst, _ := twoTrees(t, onCopy(answer(c.status, c.code)))
		dst.opts.MaxAttempts = 1
		e := putFile(t, src, "k", "new")
		_, err := dst.CopyFrom(t.Context(), src, e, "k", nil)
		if err == nil || errors.Is(err, errors.ErrUnsupported) != c.unsupported || dst.CanCopy(src, e) != c.again {
			t.Errorf("%d %s: %v; CanCopy %v", c.status, c.code, err, dst.CanCopy(src, e))
		}
	}
}

func TestAStoreThatCopiesOtherBytesIsCaught(t *testing.T) {
	src, dst, _ := twoTrees(t, onCopy(func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, `<CopyObjectResult><ETag>"`+core.SumMD5([]byte("other")).String()+`"</ETag></CopyObjectResult>`)
		return true
	}))
	if _, err := dst.CopyFrom(t.Context(), src, putFile(t, src, "k", "new"), "k", nil); !errors.Is(err, core.ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt", err)
	}
}

func TestACopyKnowsMD5sUnderEncryption(t *testing.T) {
	src, dst, _ := twoTrees(t, s3server.KMS)
	putFile(t, src, "k", "new")
	mustCopy(t, dst, src, inListing(t, src, "k"), "k", nil)
	if got := stat(t, dst, "k"); got.MD5 != core.SumMD5([]byte("new")) {
		t.Errorf("%+v", got)
	}
}

func TestOnlyOneStoreCopiesByItself(t *testing.T) {
	src, dst, s := twoTrees(t)
	e := putFile(t, src, "d/k", "new")
	s.CreateBucket("other")
	sub, err := wrap.Sub(src, "d")
	if err != nil {
		t.Fatal(err)
	}
	hidden := func(key string) bool { return key == "d/k" }
	under := core.Entry{Key: "k", Kind: core.File, Size: e.Size, Token: e.Token}
	for name, c := range map[string]struct {
		src  core.Tree
		e    core.Entry
		want bool
	}{
		"another bucket":   {openAt(t, s.URL+"/", Options{Bucket: "other"}), e, true},
		"another server":   {openAt(t, s3server.New(t).URL, Options{}), e, false},
		"a directory":      {sub, under, true},
		"a filter":         {wrap.FilterTree(src, func(string) bool { return false }), e, true},
		"what is hidden":   {wrap.FilterTree(src, hidden), e, false},
		"a paced tree":     {wrap.Limit(src, 0, 1<<20), e, true},
		"what injects":     {wrap.Fault(src, wrap.Always(errors.New("no"))), e, false},
		"a tree of others": {struct{ core.Tree }{src}, e, false},
	} {
		if got := dst.CanCopy(c.src, c.e); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := mustCopy(t, dst, sub, under, "k", nil); got.Key != "k" {
		t.Errorf("from a directory: %+v", got)
	}
}

func TestACopyOfARunIsMadeByTheStore(t *testing.T) {
	src, dst, s := twoTrees(t)
	putFile(t, src, "a", "content of a")
	putFile(t, src, "empty", "")
	putFile(t, src, "d/b", "content of b")
	putLink(t, src, "l", "a")
	putLink(t, src, "d/url", "b")
	putFile(t, dst, "d/b", "old")
	putFile(t, dst, "x", "extraneous")
	s.ResetLog()
	sum := reconciled(t, src, dst)
	// of a, which is new: a HEAD of each side and a COPY; of an existing entry, or
	// one that may be a link: GET and PUT; and one HEAD and one GET more after the
	// first link
	want := core.Requests{core.ClassList: 2, core.ClassHead: 2 + 1, core.ClassGet: 4 + 1, core.ClassPut: 4, core.ClassCopy: 1, core.ClassDelete: 1}
	if got := s.Requests(); sum.Files != 3 || sum.Links != 2 || sum.Deletes != 1 || sum.Errors != 0 || got != want {
		t.Errorf("%+v; requests %v, want %v", sum, got, want)
	}
	if sum = reconciled(t, src, dst); sum.Kept != 5 || sum.Files+sum.Links+sum.Deletes != 0 {
		t.Errorf("a second run: %+v", sum)
	}
	for _, key := range []string{"l", "d/url"} {
		if got, want := stat(t, dst, key), stat(t, src, key); !got.Same(want) {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}

func TestACopyOfARunAtAWSIsMadeByTheStore(t *testing.T) {
	src, dst, s := likeAWS(t)
	putFile(t, src, "a", "content of a")
	putFile(t, src, "d/b", "content of b")
	putFile(t, dst, "d/b", "old")
	s.ResetLog()
	sum := reconciled(t, src, dst)
	if got := s.Requests(); sum.Files != 2 || sum.Errors != 0 || got != (core.Requests{core.ClassList: 2, core.ClassHead: 2, core.ClassCopy: 2}) {
		t.Errorf("%+v; requests %v", sum, got)
	}
	for _, key := range []string{"a", "d/b"} {
		if got, want := stat(t, dst, key), stat(t, src, key); !got.Same(want) {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}

func reconciled(t *testing.T, src core.Tree, dst core.Backend) reconcile.Summary {
	t.Helper()
	r := &reconcile.Reconciler{Src: src, Dst: dst}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sum, err := r.Apply(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestVersitygwCopies(t *testing.T) {
	g := versitygw.Start(t)
	src, dst := onGateway(t, g, "p"), onGateway(t, g, "")
	dst.copier.Limit = format.SingleMax
	const key = "d/a b+é%&.txt"
	e := putFile(t, src, key, "content")
	if got := mustCopy(t, dst, src, e, key, nil); got.MD5 != e.MD5 {
		t.Errorf("%+v", got)
	}
	if text, got := readAll(t, dst, key); text != "content" || got.MD5 != e.MD5 {
		t.Errorf("%q, %+v", text, got)
	}
	if _, err := dst.CopyFrom(t.Context(), src, e, key, nil); !errors.Is(err, core.ErrChanged) {
		t.Errorf("over what is there: %v, want ErrChanged", err)
	}
	content := pattern(17 << 20)
	big := put(t, src, core.Entry{Key: "big", Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}, bytes.NewReader(content), nil)
	if got := mustCopy(t, dst, src, big, "big", nil); got.MD5 != big.MD5 || stat(t, dst, "big").MD5 != big.MD5 {
		t.Errorf("%+v, want %+v", got, big)
	}
}
