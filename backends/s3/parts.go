package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/state"
)

const (
	// partsAtOnce is how many parts of one file are under way at once.
	partsAtOnce = 4
	// abortTime is how long the abort of an upload may take, after whatever
	// ended it.
	abortTime = 10 * time.Second
)

// upload is a large file on its way up in parts.
type upload struct {
	*Tree
	e      core.Entry
	id     string
	size   int64      // of a part, in bytes
	opaque bool       // its ETags are no md5s
	sums   []core.MD5 // of each part
	parts  []wire.Part
	held   *state.Record     // nil: there is none
	there  map[int]wire.Part // what the store had before
}

// putParts stores a large file. Until the upload is completed nothing of it can
// be seen; if it is not, it is aborted.
func (t *Tree) putParts(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if body == nil {
		return e, fmt.Errorf("%w: %d bytes were promised, and there is no body", core.ErrCorrupt, e.Size)
	}
	if err := wholeSum(&e, body); err != nil {
		return e, err
	}
	size := format.PartSize(e.Size)
	n := format.CountParts(e.Size, size)
	u := &upload{Tree: t, e: e, size: size, sums: make([]core.MD5, n), parts: make([]wire.Part, n)}
	known := u.partSums(body)
	head, err := u.create(ctx, body)
	if err != nil {
		return e, err
	}
	if err = u.send(ctx, head, known); err == nil {
		var etag string
		if etag, err = u.complete(ctx, old); err == nil {
			e.Parts = u.hash()
			u.ended(ctx)
			return stored(e, etag), nil
		}
	}
	u.abort(ctx)
	return e, err
}

// wholeSum makes sure that the md5, which is stored before the first byte, is
// known: it can be computed only if body can be read twice.
func wholeSum(e *core.Entry, body io.Reader) (err error) {
	content, ok := body.(io.ReadSeeker)
	if ok {
		err = checkLength(content, e.Size)
	}
	switch {
	case err != nil || e.MD5.Known():
		return err
	case !ok:
		return errors.New("the md5 of a large file has to be known before it is sent")
	}
	e.MD5, err = format.RestMD5(content)
	return err
}

// create begins the upload, or resumes one. It returns body as it was: the head
// was looked at for the media type.
func (u *upload) create(ctx context.Context, body io.Reader) (io.Reader, error) {
	body, kind, err := sniff(u.e.Key, body)
	if err != nil {
		return nil, err
	}
	r := wire.NewRequest("", "")
	u.objects.Seal(r)
	r.Set(wire.ContentType, kind)
	r.SetMetadata(format.FileMetadata(u.e))
	if u.resume(ctx, r.Header) {
		return body, nil
	}
	return body, u.begin(ctx, r.Header)
}

// begin begins a new upload. The answer is waited for even if the run ends
// meanwhile: without it nobody would know which upload to abort.
func (u *upload) begin(ctx context.Context, header http.Header) error {
	patient, done := outlasting(ctx, abortTime)
	defer done()
	id, a, err := u.wire.CreateUpload(patient, u.full(u.e.Key), header)
	if err != nil {
		return err
	}
	u.id, u.opaque = id, a.Opaque() || u.express
	u.record(ctx, header)
	return nil
}

// sniff returns the media type of body, and body with nothing read from it.
func sniff(key string, body io.Reader) (io.Reader, string, error) {
	if content, ok := body.(io.ReadSeeker); ok {
		kind, err := contentType(key, content)
		return body, kind, err
	}
	head := make([]byte, typeHead)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, "", err
	}
	kind, err := contentType(key, bytes.NewReader(head[:n]))
	return io.MultiReader(bytes.NewReader(head[:n]), body), kind, err
}

// send sends the parts, a few of them at once. A body whose parts are known is
// read where it is wanted: the store holds each part against its md5. Any other
// is read once, in order, and held against the md5 that was promised.
func (u *upload) send(ctx context.Context, body io.Reader, known core.PartSums) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(partsAtOnce + 1) // and who reads or begins them
	g.Go(func() error {
		if known != nil {
			return u.begins(ctx, known, g)
		}
		return u.read(ctx, body, g)
	})
	return g.Wait()
}

// partSums returns body as one whose parts are known, and takes their md5s over;
// nil if they are not known, or other parts are.
func (u *upload) partSums(body io.Reader) core.PartSums {
	known, ok := body.(core.PartSums)
	if !ok {
		return nil
	}
	size, sums := known.PartSums()
	if size != u.size || len(sums) != len(u.sums) {
		return nil
	}
	copy(u.sums, sums)
	return known
}

// part is a piece of the body that is ready to be sent.
type part struct {
	number  int // from 0
	content []byte
}

// length is the length of the part number i in bytes.
func (u *upload) length(i int) int64 { return min(u.size, u.e.Size-int64(i)*u.size) }

// begins sends the parts of a body that can be read anywhere.
func (u *upload) begins(ctx context.Context, body io.ReaderAt, g *errgroup.Group) error {
	for i := range u.parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !u.had(i) {
			g.Go(func() error { return u.sendAt(ctx, body, i) })
		}
	}
	return nil
}

func (u *upload) sendAt(ctx context.Context, body io.ReaderAt, i int) error {
	buf, err := u.opts.Env.Buffers.Get(ctx, int(u.length(i)))
	if err != nil {
		return err
	}
	defer u.opts.Env.Buffers.Put(buf)
	off := int64(i) * u.size
	if n, err := body.ReadAt(buf, off); n < len(buf) {
		return shortBody(err, u.e.Size, off+int64(n))
	}
	return u.sendPart(ctx, part{i, buf})
}

// read reads the body in order, and hands over its parts as they come.
func (u *upload) read(ctx context.Context, body io.Reader, g *errgroup.Group) error {
	whole := format.NewMD5()
	for i := range u.parts {
		buf, err := u.opts.Env.Buffers.Get(ctx, int(u.length(i)))
		if err != nil {
			return err
		}
		if n, err := io.ReadFull(body, buf); err != nil {
			u.opts.Env.Buffers.Put(buf)
			return shortBody(err, u.e.Size, int64(i)*u.size+int64(n))
		}
		_, _ = whole.Write(buf) // a hash returns no error
		g.Go(func() error {
			defer u.opts.Env.Buffers.Put(buf)
			u.sums[i] = core.SumMD5(buf)
			if u.had(i) {
				return nil
			}
			return u.sendPart(ctx, part{i, buf})
		})
	}
	if err := atEnd(body, u.e.Size); err != nil {
		return err
	}
	if sum := format.SumMD5(whole); sum != u.e.MD5 {
		return fmt.Errorf("%w: md5 %s was promised, and it is %s", core.ErrCorrupt, u.e.MD5, sum)
	}
	return nil
}

func shortBody(err error, size, got int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %d bytes were promised, and there are %d", core.ErrCorrupt, size, got)
	}
	return err
}

func (u *upload) sendPart(ctx context.Context, p part) error {
	sum := u.sums[p.number]
	done, err := u.wire.UploadPart(ctx, u.full(u.e.Key), u.id, p.number+1, bytes.NewReader(p.content), int64(len(p.content)), sum.Base64())
	if err == nil {
		err = objects.Tagged(format.BareETag(&done.ETag))
	}
	if err != nil {
		return err
	}
	u.parts[p.number] = done
	return nil
}

// complete makes the object of its parts, on the condition that old is still
// there.
func (u *upload) complete(ctx context.Context, old *core.Entry) (etag string, err error) {
	tag, a, err := u.objects.Complete(ctx, u.full(u.e.Key), u.id, u.parts, objects.VersionOf(old))
	if err != nil {
		return u.afterFailure(ctx, err)
	}
	etag, u.opaque = format.BareETag(&tag), u.opaque || a.Opaque()
	if err := objects.Tagged(etag); err != nil {
		return u.afterFailure(ctx, err)
	}
	return etag, u.verify(etag)
}

// afterFailure finds out what a failed completion came to. The upload may be
// gone because an earlier try went well and its answer was lost.
func (u *upload) afterFailure(ctx context.Context, err error) (etag string, _ error) {
	switch {
	case code(err) == "NoSuchUpload":
		a, herr := u.objects.Head(ctx, u.full(u.e.Key))
		if herr == nil && a.ETag() == u.composite() {
			return a.ETag(), nil
		}
		return "", core.Transient(u.plain(err))
	case refused(err, http.StatusConflict) && u.apiError(err).kind == nil:
		return "", core.Transient(u.plain(err))
	}
	return "", err
}

// composite returns the ETag that an upload of these parts gets.
func (u *upload) composite() string { return format.PartsETag(u.hash()) }

// hash returns the hash of the parts.
func (u *upload) hash() core.PartsHash { return format.HashParts(u.size, u.sums) }

// verify compares the object's ETag with what it should be, where the parts'
// ETags show that the store makes them of md5s.
func (u *upload) verify(etag string) error {
	if _, _, ok := format.ParsePartsETag(etag); !ok || u.express || u.opaque {
		return nil
	}
	for i, p := range u.parts {
		if format.BareETag(&p.ETag) != u.sums[i].String() {
			return nil
		}
	}
	if want := u.composite(); etag != want {
		return fmt.Errorf("%w: the store has ETag %s, and the parts that were sent make %s", core.ErrCorrupt, etag, want)
	}
	return nil
}

// abort frees what the store keeps of an upload. It also runs after the
// context has ended, and a failure is only logged: there is nothing to be seen.
func (u *upload) abort(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	err := u.abortUpload(ctx, u.full(u.e.Key), u.id)
	if err == nil {
		u.ended(ctx)
		return
	}
	u.opts.Env.Logger().WarnContext(ctx, "an unfinished upload could not be aborted", "key", u.e.Key, "error", u.plain(err))
	if u.held != nil {
		u.uploads.leave(u.held)
	}
}
