package upload

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/backends/s3/internal/wire/wiretest"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// open returns the uploader of a bucket of a server with these quirks.
func open(t testing.TB, srv *s3server.Server, records *Records) *Uploader {
	t.Helper()
	can := new(ability.Set)
	sender, _ := wiretest.Sender(t, srv.URL, can)
	return &Uploader{
		Sender: sender, Objects: &objects.Store{Sender: sender, Can: can}, Buffers: core.NewBuffers(64 << 20),
		Log: slog.New(slog.DiscardHandler), Records: records,
	}
}

// large is a file of three parts.
func large(key string) (File, []byte) {
	content := bytes.Repeat([]byte("0123456789abcdef"), int(2*8<<20+5)/16+1)
	e := core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5(content)}
	return File{Key: key, Entry: e, Header: http.Header{wire.ContentType: {"text/plain"}}, Body: bytes.NewReader(content)}, content
}

func composite(content []byte) string {
	size := format.PartSize(int64(len(content)))
	var sums []core.MD5
	for off := int64(0); off < int64(len(content)); off += size {
		sums = append(sums, core.SumMD5(content[off:min(off+size, int64(len(content)))]))
	}
	return format.PartsETag(core.HashParts(size, sums))
}

// TestALargeFileGoesUpInParts checks that, on stores that answer a completion with an
// ETag and without.
func TestALargeFileGoesUpInParts(t *testing.T) {
	for name, quirks := range map[string][]s3server.Option{
		"as S3": nil, "no ETag from the completion": {s3server.NoCompleteETag}, "bare conditions": {s3server.BareIfMatch}, "no conditions": {s3server.NoConditions},
	} {
		t.Run(name, func(t *testing.T) {
			u := open(t, s3server.New(t, quirks...), nil)
			f, content := large("big")
			etag, parts, err := u.Put(t.Context(), f, objects.Version{None: true})
			if err != nil || etag != composite(content) || format.PartsETag(parts) != etag {
				t.Fatalf("%s, %v, %v; want %s", etag, parts, err, composite(content))
			}
			f.Body = bytes.NewReader(content)
			if again, _, err := u.Put(t.Context(), f, objects.Version{ETag: etag}); err != nil || again != etag {
				t.Errorf("over itself: %s, %v", again, err)
			}
		})
	}
}

// TestAFailedUploadIsAborted checks that nothing of it stays, whatever it failed for.
func TestAFailedUploadIsAborted(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*File, []byte)
		old    objects.Version
		want   error
	}{
		"short body":     {func(f *File, b []byte) { f.Body = bytes.NewReader(b[:len(b)-1]) }, objects.Version{None: true}, core.ErrCorrupt},
		"long body":      {func(f *File, b []byte) { f.Body = bytes.NewReader(append(b, 'x')) }, objects.Version{None: true}, core.ErrCorrupt},
		"other content":  {func(f *File, b []byte) { f.Body = strings.NewReader(strings.Repeat("y", len(b))) }, objects.Version{None: true}, core.ErrCorrupt},
		"another object": {func(*File, []byte) {}, objects.Version{ETag: "other"}, core.ErrChanged},
	} {
		t.Run(name, func(t *testing.T) {
			srv := s3server.New(t)
			u := open(t, srv, nil)
			f, content := large("big")
			c.change(&f, content)
			if _, _, err := u.Put(t.Context(), f, c.old); !errors.Is(err, c.want) {
				t.Errorf("%v; want %v", err, c.want)
			}
			last := srv.Log()[len(srv.Log())-1]
			if last.Method != http.MethodDelete || !strings.Contains(last.Query, "uploadId") {
				t.Errorf("the last request is %+v; want the abort", last)
			}
		})
	}
}

// TestAnUploadOfAnotherProcessIsResumed checks that parts which the store has are
// not sent again, and that an upload not resumed is aborted.
func TestAnUploadOfAnotherProcessIsResumed(t *testing.T) {
	srv, dir := s3server.New(t), t.TempDir()
	first := open(t, srv, OpenRecords(dir, "bucket"))
	for _, key := range []string{"big", "never again"} {
		f, _ := large(key)
		p := first.newUpload(f.Key, f.Entry, f.Header)
		if err := p.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = p.read(t.Context(), bytes.NewReader(nil), nil) // which fails at once
		content := bytes.Repeat([]byte("0123456789abcdef"), 8<<20/16)
		p.sums[0] = core.SumMD5(content)
		if err := p.sendPart(t.Context(), part{0, content}); err != nil {
			t.Fatal(err)
		}
		if err := p.record.Release(); err != nil { // as the end of the process does
			t.Fatal(err)
		}
	}
	second := open(t, srv, OpenRecords(dir, "bucket"))
	f, content := large("big")
	srv.ResetLog()
	if etag, _, err := second.Put(t.Context(), f, objects.Version{None: true}); err != nil || etag != composite(content) {
		t.Fatalf("%s, %v", etag, err)
	}
	if got := srv.Requests().String(); got != "1 GET, 3 PUT" && got != "1 LIST, 3 PUT" {
		t.Errorf("sent %s; want the listing of the parts, two parts and the completion", got)
	}
	srv.ResetLog()
	second.AbortLeft(t.Context(), "")
	if got := srv.Requests().String(); got != "1 DELETE" {
		t.Errorf("sent %s; want the abort of the other upload", got)
	}
	if err := second.Records.Close(); err != nil {
		t.Error(err)
	}
}

// TestPartSumsOfOtherPartsAreNotTaken checks that md5s of other part sizes are not used.
func TestPartSumsOfOtherPartsAreNotTaken(t *testing.T) {
	u := &upload{size: 8, sums: make([]core.MD5, 2)}
	if u.partSums(known{bytes.NewReader(make([]byte, 16)), 4}) != nil || u.partSums(bytes.NewReader(nil)) != nil {
		t.Error("the md5s of other parts were taken over")
	}
	if u.partSums(known{bytes.NewReader(make([]byte, 16)), 8}) == nil {
		t.Error("the md5s of the same parts were not taken over")
	}
}

// known is a body whose parts are known.
type known struct {
	*bytes.Reader
	size int64
}

func (k known) PartSums() (int64, []core.MD5) { return k.size, make([]core.MD5, k.Size()/k.size) }

func TestOutlasting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	longer, done := outlasting(ctx, 20*time.Millisecond)
	defer done()
	cancel()
	if longer.Err() != nil {
		t.Error("it ended with the context")
	}
	<-longer.Done()
}
