package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/versitygw"
)

// large is a file of three parts, the last of 4 MiB.
func large(key string, seed byte) (core.Entry, []byte) {
	content := pattern(20 << 20)
	content[0] = seed
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}, content
}

// breaker is a transport that refuses the third part, once the first two are
// stored, and every abort: the store then has an upload as a killed run leaves it.
type breaker struct{ stored sync.WaitGroup }

func (b *breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	part := req.URL.Query().Get("partNumber")
	if part == "3" || req.Method == http.MethodDelete {
		b.stored.Wait()
		return &http.Response{StatusCode: http.StatusBadRequest, Body: http.NoBody, Request: req}, nil
	}
	if part != "" {
		defer b.stored.Done()
	}
	return http.DefaultTransport.RoundTrip(req)
}

// killed leaves two parts of an upload at the store, and its record in state,
// as a run does that was killed.
func killed(t *testing.T, o Options, endpoint string, e core.Entry, content []byte) {
	t.Helper()
	b := &breaker{}
	b.stored.Add(2)
	o.Transport = b
	tree := openAt(t, endpoint, o)
	if _, err := tree.Put(t.Context(), e, bytes.NewReader(content), nil); err == nil {
		t.Fatal("Put went well; want a refused part")
	}
	if err := tree.uploads.Records.Close(); err != nil { // as the end of the process does
		t.Fatal(err)
	}
}

// records is how many uploads are recorded in dir.
func records(t *testing.T, dir string) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "uploads", "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// unfinished are the IDs of the uploads that the store has.
func unfinished(t *testing.T, tree *Tree) (ids []string) {
	t.Helper()
	out, err := tree.client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &tree.bucketName})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range out.Uploads {
		ids = append(ids, aws.ToString(u.UploadId))
	}
	return ids
}

// stranger begins an upload as somebody else does.
func stranger(t *testing.T, tree *Tree, key string) string {
	t.Helper()
	out, err := tree.client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: &tree.bucketName, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return *out.UploadId
}

// after checks that nothing of ours is left, and all that is somebody else's.
func after(t *testing.T, tree *Tree, dir string, others ...string) {
	t.Helper()
	if got := unfinished(t, tree); !slices.Equal(got, others) {
		t.Errorf("unfinished uploads: %v; want those of others alone, %v", got, others)
	}
	if n := records(t, dir); n != 0 {
		t.Errorf("%d uploads are still recorded", n)
	}
}

func finish(t *testing.T, tree *Tree) {
	t.Helper()
	if _, err := tree.Finish(t.Context(), core.Done{}); err != nil {
		t.Error(err)
	}
}

func TestAKilledUploadIsResumedByItsParts(t *testing.T) {
	s := s3server.New(t)
	o := Options{Prefix: "p", StateDir: t.TempDir()}
	e, content := large("big", 1)
	tree := openAt(t, s.URL, o)
	other := stranger(t, tree, "p/big")
	killed(t, o, s.URL, e, content)
	if records(t, o.StateDir) != 1 || len(unfinished(t, tree)) != 2 {
		t.Fatalf("%d records, uploads %v; want one of ours and one of somebody else", records(t, o.StateDir), unfinished(t, tree))
	}
	got := counts(t, tree, s, func() { put(t, tree, e, bytes.NewReader(content), nil) })
	if want := req(core.ClassGet, 1).Add(req(core.ClassPut, 2)); got != want {
		t.Errorf("resuming took %v; want %v: the parts are listed, the last is sent, and the upload completed", got, want)
	}
	if body, e := readAll(t, tree, "big"); body != string(content) || !e.MD5.Known() {
		t.Errorf("%d other bytes are stored, as %+v", len(body), e)
	}
	finish(t, tree)
	after(t, tree, o.StateDir, other)
}

func TestAnUploadOfSomethingElseIsNotResumedAndAborted(t *testing.T) {
	long.Only(t)
	s := s3server.New(t)
	o := Options{StateDir: t.TempDir()}
	old, content := large("big", 1)
	killed(t, o, s.URL, old, content)
	tree := openAt(t, s.URL, o)
	e, content := large("big", 2)
	got := counts(t, tree, s, func() { put(t, tree, e, bytes.NewReader(content), nil) })
	if want := req(core.ClassPut, 5); got != want {
		t.Errorf("another content took %v; want %v", got, want)
	}
	later := e
	later.ModTime = time.Unix(1e9, 0) // other metadata
	killed(t, o, s.URL, e, content)
	second := openAt(t, s.URL, o)
	put(t, second, later, bytes.NewReader(content), &core.Entry{Key: "big", Kind: core.File})
	for _, tree := range []*Tree{tree, second} {
		if got := counts(t, tree, s, func() { finish(t, tree) }); got != req(core.ClassDelete, 1) {
			t.Errorf("the end of a run took %v; want the abort of what it found", got)
		}
	}
	after(t, tree, o.StateDir)
}

func TestAPartOfOtherBytesIsSentAgain(t *testing.T) {
	s := s3server.New(t)
	o := Options{StateDir: t.TempDir()}
	e, content := large("big", 1)
	killed(t, o, s.URL, e, content)
	tree := openAt(t, s.URL, o)
	wrong := bytes.Repeat([]byte("x"), 8<<20)
	_, err := tree.client.UploadPart(t.Context(), &awss3.UploadPartInput{
		Bucket: &tree.bucketName, Key: &e.Key, UploadId: &unfinished(t, tree)[0], PartNumber: aws.Int32(2), Body: bytes.NewReader(wrong),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := counts(t, tree, s, func() { put(t, tree, e, bytes.NewReader(content), nil) })
	if want := req(core.ClassGet, 1).Add(req(core.ClassPut, 3)); got != want {
		t.Errorf("took %v; want %v, with two parts", got, want)
	}
	if body, _ := readAll(t, tree, "big"); body != string(content) {
		t.Error("other bytes are stored")
	}
	after(t, tree, o.StateDir)
}

func TestPartsWhoseETagsAreNoMD5sAreSentAgain(t *testing.T) {
	long.Only(t)
	s := s3server.New(t, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && r.URL.Query().Has("uploadId") {
				next.ServeHTTP(&rewriter{ResponseWriter: w}, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}))
	o := Options{StateDir: t.TempDir()}
	e, content := large("big", 1)
	killed(t, o, s.URL, e, content)
	tree := openAt(t, s.URL, o)
	got := counts(t, tree, s, func() { put(t, tree, e, bytes.NewReader(content), nil) })
	if want := req(core.ClassGet, 1).Add(req(core.ClassPut, 4)); got != want {
		t.Errorf("took %v; want %v, with all parts", got, want)
	}
	after(t, tree, o.StateDir)
}

// rewriter makes each ETag in a listing of parts another.
type rewriter struct{ http.ResponseWriter }

func (w *rewriter) Write(b []byte) (int, error) {
	_, err := w.ResponseWriter.Write(bytes.ReplaceAll(b, []byte("<ETag>&#34;"), []byte("<ETag>&#34;opaque")))
	return len(b), err
}

func TestAnUploadThatIsGoneIsBegunAgain(t *testing.T) {
	long.Only(t)
	s := s3server.New(t)
	o := Options{StateDir: t.TempDir()}
	e, content := large("big", 1)
	killed(t, o, s.URL, e, content)
	tree := openAt(t, s.URL, o)
	if _, err := tree.wire.AbortUpload(t.Context(), "big", unfinished(t, tree)[0]); err != nil {
		t.Fatal(err)
	}
	put(t, tree, e, bytes.NewReader(content), nil)
	finish(t, tree)
	after(t, tree, o.StateDir)
}

func TestTheUploadOfALivingRunIsLeftAlone(t *testing.T) {
	long.Only(t)
	s := s3server.New(t)
	o := Options{StateDir: t.TempDir()}
	e, content := large("big", 1)
	begun, goOn := make(chan struct{}), make(chan struct{})
	living := openAt(t, s.URL, o)
	done := make(chan error)
	go func() {
		_, err := living.Put(t.Context(), e, &pausing{Reader: bytes.NewReader(content), at: 9 << 20, begun: begun, goOn: goOn}, nil)
		done <- err
	}()
	<-begun
	tree := openAt(t, s.URL, o)
	if got := counts(t, tree, s, func() { finish(t, tree) }); got.Total() != 0 {
		t.Errorf("another run sent %v; want nothing", got)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	after(t, tree, o.StateDir)
}

// pausing stops once, after at bytes, until goOn.
type pausing struct {
	io.Reader
	at          int64
	begun, goOn chan struct{}
}

func (p *pausing) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if p.at -= int64(n); p.at <= 0 && p.begun != nil {
		close(p.begun)
		<-p.goOn
		p.begun = nil
	}
	return n, err
}

func TestUploadsElsewhereInTheBucketWaitADay(t *testing.T) {
	s := s3server.New(t)
	dir := t.TempDir()
	e, content := large("big", 1)
	killed(t, Options{Prefix: "site", StateDir: dir}, s.URL, e, content)
	elsewhere := Options{Prefix: "site2", StateDir: dir}
	tree := openAt(t, s.URL, elsewhere)
	finish(t, tree)
	if len(unfinished(t, tree)) != 1 || records(t, dir) != 1 {
		t.Fatal("a run below site2 aborted an upload below site at once")
	}
	if err := tree.uploads.Records.Close(); err != nil {
		t.Fatal(err)
	}
	age(t, dir)
	finish(t, openAt(t, s.URL, elsewhere))
	after(t, tree, dir)
}

// age makes the records in dir two days older.
func age(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "uploads", "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		now, then := time.Now().UTC(), time.Now().UTC().Add(-48*time.Hour)
		b = bytes.Replace(b, []byte(now.Format(`"begun":"2006-01-02T`)), []byte(then.Format(`"begun":"2006-01-02T`)), 1)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWithoutAPlaceForRecordsLargeFilesAreSent(t *testing.T) {
	long.Only(t)
	s := s3server.New(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	tree := openAt(t, s.URL, Options{StateDir: file, Env: core.Env{Log: slog.New(slog.NewTextHandler(&log, nil))}})
	for _, key := range []string{"a", "b"} {
		e, content := large(key, 1)
		put(t, tree, e, bytes.NewReader(content), nil)
	}
	if got := strings.Count(log.String(), "cannot be recorded"); got != 1 {
		t.Errorf("it was said %d times that there are no records, want once:\n%s", got, &log)
	}
	finish(t, tree)
}

func TestAnEndedContextLeavesNoUploadBehind(t *testing.T) {
	s := s3server.New(t)
	o := Options{StateDir: t.TempDir()}
	tree := openAt(t, s.URL, o)
	e, content := large("big", 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	go func() {
		<-begun
		cancel()
		close(goOn)
	}()
	if _, err := tree.Put(ctx, e, &pausing{Reader: bytes.NewReader(content), at: 9 << 20, begun: begun, goOn: goOn}, nil); err == nil {
		t.Error("Put went well")
	}
	after(t, tree, o.StateDir)
}

func TestAContextThatEndsWhileAnUploadBeginsLeavesNoneBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := s3server.New(t, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
				cancel()
				time.Sleep(50 * time.Millisecond) // time enough for the client to give up
			}
			next.ServeHTTP(w, r)
		})
	}))
	o := Options{StateDir: t.TempDir()}
	tree := openAt(t, s.URL, o)
	e, content := large("big", 1)
	if _, err := tree.Put(ctx, e, bytes.NewReader(content), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v; want that it was ended", err)
	}
	if got := s.Requests()[core.ClassDelete]; got != 1 {
		t.Errorf("%d uploads were aborted; want the one that was begun", got)
	}
	after(t, tree, o.StateDir)
}

func TestVersitygwResumes(t *testing.T) {
	g := versitygw.Start(t)
	o := Options{
		Bucket: g.Bucket(t), NotFlat: true, StateDir: t.TempDir(),
		Credentials: credentials.NewStaticCredentialsProvider(g.AccessKey, g.SecretKey, ""),
	}
	e, content := large("big", 1)
	tree := openAt(t, g.Endpoint, o)
	other := stranger(t, tree, "big")
	killed(t, o, g.Endpoint, e, content)
	before := tree.Requests()
	put(t, tree, e, bytes.NewReader(content), nil)
	if got, want := tree.Requests().Sub(before), req(core.ClassGet, 1).Add(req(core.ClassPut, 2)); got != want {
		t.Errorf("resuming took %v; want %v", got, want)
	}
	if body, _ := readAll(t, tree, "big"); body != string(content) {
		t.Error("other bytes are stored")
	}
	e, content = large("gone", 3)
	killed(t, o, g.Endpoint, e, content)
	finish(t, openAt(t, g.Endpoint, o))
	after(t, tree, o.StateDir, other)
}
