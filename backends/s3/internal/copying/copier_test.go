package copying

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/upload"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/backends/s3/internal/wire/wiretest"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/s3server"
)

// lab is a bucket from which and to which objects are copied.
type lab struct {
	*testing.T
	srv *s3server.Server
	c   *Copier
}

func newLab(t *testing.T, opts ...s3server.Option) *lab {
	t.Helper()
	srv := s3server.New(t, opts...)
	can := new(ability.Set)
	sender, _ := wiretest.Sender(t, srv.URL, can)
	store := &objects.Store{Sender: sender, Can: can, Parallel: 4}
	log := slog.New(slog.DiscardHandler)
	up := &upload.Uploader{Sender: sender, Objects: store, Log: log, Records: upload.OpenRecords("", "")}
	check := func(_ context.Context, _, etag string, opaque bool, want core.MD5) error {
		if sum, ok := core.ParseMD5(etag); ok && !opaque && want.Known() && sum != want {
			return core.ErrCorrupt
		}
		return nil
	}
	return &lab{t, srv, &Copier{Sender: sender, Objects: store, Uploads: up, Can: can, Check: check}}
}

// put stores content and returns it as a source.
func (l *lab) put(key, content string) Source {
	l.Helper()
	r, err := wire.NewRequest(http.MethodPut, key).WithBody(strings.NewReader(content), int64(len(content)))
	if err != nil {
		l.Fatal(err)
	}
	r.SetMetadata(map[string]string{"colour": "blue"})
	r.Set(wire.ContentType, "text/x-odd")
	a, err := l.c.Objects.Put(l.Context(), r, objects.Version{})
	if err != nil {
		l.Fatal(err)
	}
	return l.source(key, core.Entry{Key: key, Kind: core.File, Size: int64(len(content)), Token: a.ETag(), MD5: core.SumMD5([]byte(content))})
}

func (l *lab) source(key string, e core.Entry) Source {
	return Source{Sender: l.c.Sender, Objects: l.c.Objects, Bucket: "test", Key: key, Entry: e}
}

func (l *lab) copy(from Source, to string) (core.Entry, string, error) {
	l.Helper()
	l.srv.ResetLog()
	e, err := l.c.Copy(l.Context(), from, Target{Key: to, Entry: to})
	return e, l.srv.Requests().String(), err
}

// read returns the content at a key, "" and false if nothing is there.
func (l *lab) read(key string) (string, bool) {
	l.Helper()
	o, err := l.srv.Store().GetObject("test", key, nil)
	if err != nil {
		return "", false
	}
	defer o.Contents.Close()
	b, err := io.ReadAll(o.Contents)
	if err != nil {
		l.Fatal(err)
	}
	return string(b), true
}

func TestCopy(t *testing.T) {
	l := newLab(t)
	from := l.put("a b+é", "content")
	e, sent, err := l.copy(from, "to")
	if err != nil || e.Key != "to" || e.MD5 != from.Entry.MD5 || e.Size != 7 || e.Token == "" {
		t.Errorf("%+v, %v", e, err)
	}
	if want := l.c.Cost(from.Entry).String(); sent != want {
		t.Errorf("sent %s; want %s", sent, want)
	}
	a, err := l.c.Objects.Head(t.Context(), "to")
	if err != nil {
		t.Fatal(err)
	}
	if m := a.Metadata(); m["colour"] != "blue" || m["md5"] != from.Entry.MD5.String() || a.Get(wire.ContentType) != "text/x-odd" {
		t.Errorf("metadata %v, type %s", m, a.Get(wire.ContentType))
	}
}

// An entry that is not the listed file has to be opened, and no copy replaces
// another entry than the planned one.
func TestNotCopied(t *testing.T) {
	l := newLab(t)
	from := l.put("a", "content")
	changed := from
	changed.Entry.Token = "other"
	larger := from
	larger.Entry.Size++
	link := l.put("link", "content")
	if err := putRedirect(l, "link"); err != nil {
		t.Fatal(err)
	}
	link.Entry.Token = ""
	for name, c := range map[string]struct {
		from Source
		want error
	}{
		"changed": {changed, ErrNotCopied}, "of another size": {larger, ErrNotCopied}, "a link": {link, ErrNotCopied},
		"gone": {l.source("gone", from.Entry), ErrNotCopied},
	} {
		if _, sent, err := l.copy(c.from, "to-"+name); !errors.Is(err, c.want) || strings.Contains(sent, "COPY") {
			t.Errorf("%s: %v, sent %s", name, err, sent)
		}
	}
	l.put("taken", "theirs")
	if _, _, err := l.copy(from, "taken"); !errors.Is(err, core.ErrChanged) {
		t.Errorf("onto another object: %v; want ErrChanged", err)
	}
	if _, err := l.c.Copy(t.Context(), from, Target{Key: "taken", Entry: "taken", Old: &core.Entry{Key: "taken", Token: "x"}}); !errors.Is(err, ErrNotCopied) {
		t.Errorf("over an object, elsewhere than at AWS: %v; want ErrNotCopied", err)
	}
	if got, _ := l.read("taken"); got != "theirs" {
		t.Errorf("there is %q now", got)
	}
}

func putRedirect(l *lab, key string) error {
	r, err := wire.NewRequest(http.MethodPut, key).WithBody(strings.NewReader("content"), 7)
	if err != nil {
		return err
	}
	r.Set(wire.Redirect, "/x")
	_, err = l.c.Objects.Put(l.Context(), r, objects.Version{})
	return err
}

// Some stores do not find a source whose key has reserved characters: the content of
// such objects is read and put, and only theirs.
func TestReservedCharactersThatAreNotFound(t *testing.T) {
	l := newLab(t, s3server.KeepsReserved)
	odd, second, plain := l.put("a+b", "content"), l.put("c=d", "content"), l.put("plain", "content")
	if _, _, err := l.copy(odd, "to"); !errors.Is(err, ErrNotCopied) {
		t.Errorf("%v; want ErrNotCopied", err)
	}
	if _, there := l.read("to"); there {
		t.Error("something was copied")
	}
	if _, sent, err := l.copy(second, "to2"); !errors.Is(err, ErrNotCopied) || sent != "none" {
		t.Errorf("the next one: %v, sent %s; want none", err, sent)
	}
	if _, _, err := l.copy(plain, "to3"); err != nil {
		t.Errorf("a plain key: %v", err)
	}
}

// A store that ignores the header of a copy makes empty objects: the first one is
// taken back, and no second one is made.
func TestIgnoredCopiesAreTakenBack(t *testing.T) {
	l := newLab(t, s3server.IgnoresCopySource)
	from := l.put("a", "content")
	errs := make(chan error)
	for _, to := range []string{"to1", "to2", "to3", "to4"} {
		go func() {
			_, err := l.c.Copy(t.Context(), from, Target{Key: to, Entry: to})
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; !errors.Is(err, ErrNotCopied) {
			t.Errorf("%v; want ErrNotCopied", err)
		}
	}
	for _, key := range []string{"to1", "to2", "to3", "to4"} {
		if got, there := l.read(key); there {
			t.Errorf("%s has %q now", key, got)
		}
	}
	if n := l.srv.Requests()[core.ClassDelete]; n != 1 {
		t.Errorf("%d objects were made and taken back; want 1", n)
	}
	if l.c.Can.Has(ability.Copies) {
		t.Error("the store is still believed to copy")
	}
}

func TestStoresThatDoNotCopy(t *testing.T) {
	l := newLab(t, s3server.NoCopy)
	from := l.put("a", "content")
	if _, _, err := l.copy(from, "to"); !errors.Is(err, ErrNotCopied) {
		t.Errorf("%v; want ErrNotCopied", err)
	}
	if _, sent, err := l.copy(from, "to"); !errors.Is(err, ErrNotCopied) || sent != "none" {
		t.Errorf("the second time: %v, sent %s; want none", err, sent)
	}
	forbidden := newLab(t, s3server.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(wire.CopySource) != "" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}))
	from = forbidden.put("a", "content")
	if _, _, err := forbidden.copy(from, "to"); !errors.Is(err, ErrNotCopied) || forbidden.c.Copies("test", "a") || !forbidden.c.Copies("other", "a") {
		t.Errorf("%v; want ErrNotCopied for this bucket alone", err)
	}
}

func TestCopyInParts(t *testing.T) {
	l := newLab(t)
	content := strings.Repeat("0123456789abcdef", 1<<20)
	from := l.put("a", content)
	l.c.Limit = 1 << 20
	e, sent, err := l.copy(from, "to")
	if err != nil || e.MD5 != from.Entry.MD5 || sent != l.c.Cost(from.Entry).String() {
		t.Fatalf("%+v, %v, sent %s; want %s", e, err, sent, l.c.Cost(from.Entry))
	}
	if _, n, ok := format.ParsePartsETag(e.Token); !ok || n != 2 {
		t.Errorf("the ETag is %s", e.Token)
	}
	if got, _ := l.read("to"); got != content {
		t.Errorf("%d bytes were copied", len(got))
	}
	ignoring := newLab(t, s3server.IgnoresCopySource)
	from = ignoring.put("a", content)
	ignoring.c.Limit = 1 << 20
	if _, _, err := ignoring.copy(from, "to"); !errors.Is(err, ErrNotCopied) {
		t.Errorf("a store that ignores the source of a part: %v; want ErrNotCopied", err)
	}
	if _, there := ignoring.read("to"); there {
		t.Error("something was made of empty parts")
	}
}

// An answer without an ETag is not taken for a copy without a look.
func TestCopyWithoutAnETag(t *testing.T) {
	l := newLab(t, s3server.NoETags)
	from := l.put("a", "content")
	from.Entry.Token = ""
	e, sent, err := l.copy(from, "to")
	if err != nil || e.MD5 != from.Entry.MD5 || sent != "3 HEAD, 1 COPY" {
		t.Errorf("%+v, %v, sent %s", e, err, sent)
	}
}
