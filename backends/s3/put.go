package s3

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/upload"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/mediatype"
)

// Put implements [core.Backend]: one PUT, for a file above 16 MiB one a part
// and two more, and for the first link of a run one HEAD more. A file of the
// bytes of a link's page takes three.
func (t *Tree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := cmp.Or(t.CheckPut(e), core.CheckOld(old)); err != nil {
		return core.Entry{}, t.fail("put", e.Key, err)
	}
	if err := t.paths.check(ctx, t.full(e.Key), old); err != nil {
		return core.Entry{}, t.fail("put", e.Key, err)
	}
	stored, err := t.writer.put(ctx, e, body, old)
	if err != nil {
		return core.Entry{}, t.fail("put", e.Key, err)
	}
	t.paths.written(t.full(e.Key))
	return stored, nil
}

// A writer stores the entries of a tree: files in one request or in parts, and links.
type writer struct {
	layout     format.Layout
	objects    *objects.Store
	uploads    *upload.Uploader
	opener     *contents.Opener
	can        *ability.Set
	buffers    *core.Buffers
	log        *slog.Logger
	emptyLinks bool // links have no page
	trusted    bool // AWS, which keeps nothing of an object that is replaced
	run        run
}

// full returns the object's key for a key of the tree.
func (w *writer) full(key string) string { return w.layout.Prefix + key }

func (w *writer) put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	switch {
	case e.Kind == core.Link:
		return w.putLink(ctx, e, old)
	case !w.trusted && old != nil && (old.Kind == core.Link || old.MaybeLink):
		return w.putOverLink(ctx, e, body, old)
	}
	return w.putFile(ctx, e, body, old)
}

func (w *writer) putFile(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if e.Size > format.SingleMax {
		return w.putParts(ctx, e, body, old)
	}
	return w.putSmall(ctx, e, body, old)
}

func (w *writer) putSmall(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	content, done, err := w.content(ctx, &e, body)
	if err != nil {
		return e, err
	}
	defer done()
	if mimics, err := mimicsLink(e, content); err != nil {
		return e, err
	} else if mimics {
		return w.putParts(ctx, e, content, old)
	}
	kind, err := contentType(e.Key, content)
	if err != nil {
		return e, err
	}
	r, err := wire.NewRequest(http.MethodPut, w.full(e.Key)).WithBody(content, e.Size)
	if err != nil {
		return e, err
	}
	r.Set(wire.ContentMD5, e.MD5.Base64())
	r.Set(wire.ContentType, kind)
	r.SetMetadata(format.FileMetadata(e))
	r.SetHeaders(e.Headers)
	a, err := w.objects.Put(ctx, r, objects.VersionOf(old))
	if err != nil {
		return e, err
	}
	if err := w.opener.CheckStored(ctx, w.full(e.Key), a.ETag(), a.Opaque(), e.MD5); err != nil {
		if errors.Is(err, core.ErrCorrupt) { // a store that checks Content-MD5 would have refused it
			w.can.Lose(ability.ContentMD5)
		}
		return e, err
	}
	return format.Stored(e, a.ETag()), nil
}

// mimicsLink reports whether a file is from a page of ours. Stored in one piece
// it would have the size and the ETag of that link, and pass for it; in parts,
// be it in one, it has another ETag.
func mimicsLink(e core.Entry, content io.ReadSeeker) (bool, error) {
	if e.Size == 0 || !format.MayBeLink(e.Size) {
		return false, nil
	}
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return false, err
	}
	head := make([]byte, e.Size)
	if _, err := io.ReadFull(content, head); err != nil {
		return false, err
	}
	_, err = content.Seek(at, io.SeekStart)
	return format.HasLinkPageMark(head), err
}

// content returns the body as a reader that can be sent again. A body that cannot
// seek is read into a buffer; done gives it back. The md5 of e is completed.
func (w *writer) content(ctx context.Context, e *core.Entry, body io.Reader) (content io.ReadSeeker, done func(), err error) {
	if body == nil {
		body = http.NoBody
	}
	done = func() {}
	content, ok := body.(io.ReadSeeker)
	if ok {
		err = checkLength(content, e.Size)
	} else {
		content, done, err = w.buffer(ctx, e, body)
	}
	if err == nil && (!e.MD5.Known() || ok && !w.can.Has(ability.ContentMD5)) {
		err = completeOrCheckMD5(e, content)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return content, done, nil
}

// completeOrCheckMD5 sets the md5 of e to that of content, or compares the two.
func completeOrCheckMD5(e *core.Entry, content io.ReadSeeker) error {
	sum, err := format.RestMD5(content)
	if err == nil && e.MD5.Known() && sum != e.MD5 {
		err = fmt.Errorf("%w: md5 %s was promised, and it is %s", core.ErrCorrupt, e.MD5, sum)
	}
	e.MD5 = sum
	return err
}

// checkLength reports whether exactly size bytes follow in content.
func checkLength(content io.Seeker, size int64) error {
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	end, err := content.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if end-at != size {
		return fmt.Errorf("%w: %d bytes were promised, and there are %d", core.ErrCorrupt, size, end-at)
	}
	_, err = content.Seek(at, io.SeekStart)
	return err
}

func (w *writer) buffer(ctx context.Context, e *core.Entry, body io.Reader) (*bytes.Reader, func(), error) {
	pool := w.buffers
	buf, err := pool.Get(ctx, int(e.Size))
	if err != nil {
		return nil, nil, err
	}
	done := func() { pool.Put(buf) }
	if err := readExactly(body, buf); err != nil {
		done()
		return nil, func() {}, err
	}
	if sum := core.SumMD5(buf); e.MD5.Known() && sum != e.MD5 {
		done()
		return nil, func() {}, fmt.Errorf("%w: md5 %s was promised, and it is %s", core.ErrCorrupt, e.MD5, sum)
	}
	return bytes.NewReader(buf), done, nil
}

// readExactly fills buf from r, which must then be at its end.
func readExactly(r io.Reader, buf []byte) error {
	n, err := io.ReadFull(r, buf)
	if format.IsEnd(err) {
		return fmt.Errorf("%w: %d bytes were promised, and there are %d", core.ErrCorrupt, len(buf), n)
	}
	if err != nil {
		return err
	}
	return format.AtEnd(r, int64(len(buf)))
}

// typeHead is how many bytes of a file are looked at for its media type.
const typeHead = 3 << 10

// contentType returns the media type of a file, by name and content; content stays
// where it is. A type that would promise UTF-8 is checked by more of the content: a
// byte far behind the beginning may break the promise.
func contentType(key string, content io.ReadSeeker) (string, error) {
	at, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", err
	}
	head := make([]byte, typeHead)
	n, err := io.ReadFull(content, head)
	if err != nil && !format.IsEnd(err) {
		return "", err
	}
	head = head[:n]
	kind := mediatype.Detect(key, head)
	if n == typeHead && strings.HasSuffix(kind, "charset=utf-8") {
		rest, err := io.ReadAll(io.LimitReader(content, core.SmallFile))
		if err != nil {
			return "", err
		}
		kind = mediatype.Detect(key, append(head, rest...))
	}
	_, err = content.Seek(at, io.SeekStart)
	return kind, err
}
