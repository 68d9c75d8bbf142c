package upload

import (
	"context"
	"fmt"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/state"
)

// upload is one multipart upload.
type upload struct {
	*Uploader
	key    string
	e      core.Entry
	header http.Header
	id     string
	size   int64             // of a part, in bytes
	opaque bool              // its ETags are no md5s
	sums   []core.MD5        // of each part
	parts  []wire.Part       // as the store has them
	record *state.Record     // nil: there is none
	there  map[int]wire.Part // parts that the store had before, by number from 0
}

func (u *Uploader) newUpload(key string, e core.Entry, header http.Header) *upload {
	size := format.PartSize(e.Size)
	n := format.CountParts(e.Size, size)
	return &upload{Uploader: u, key: key, e: e, header: header, size: size, sums: make([]core.MD5, n), parts: make([]wire.Part, n)}
}

// begin begins a new upload. The answer is waited for even if the run ends
// meanwhile: without it the upload could not be found and aborted.
func (u *upload) begin(ctx context.Context) error {
	patient, done := outlasting(ctx, abortTime)
	defer done()
	id, a, err := u.Sender.CreateUpload(patient, u.key, u.header)
	if err != nil {
		return err
	}
	u.id, u.opaque = id, a.Opaque() || u.Opaque
	u.record = u.Records.add(ctx, u.Log, state.Upload{Key: u.key, ID: id, Object: u.object(), Sealed: u.opaque})
	return nil
}

// complete makes the object of its parts, on the condition that old is still
// there.
func (u *upload) complete(ctx context.Context, old objects.Version) (etag string, err error) {
	tag, a, err := u.Objects.Complete(ctx, u.key, u.id, u.parts, old)
	if err != nil {
		return u.afterFailure(ctx, err)
	}
	etag, u.opaque = format.BareETag(&tag), u.opaque || a.Opaque()
	if etag == "" { // as Ceph answers, with the names of bucket and key alone
		if etag, err = u.lookAtObject(ctx); err != nil {
			return "", err
		}
	}
	if err := u.verify(ctx, etag); err != nil {
		return "", err
	}
	u.ended(ctx)
	return etag, nil
}

// lookAtObject returns the ETag of an object whose upload was completed by an answer
// without one: one HEAD. The object must be the one that was sent.
func (u *upload) lookAtObject(ctx context.Context) (etag string, err error) {
	a, err := u.Objects.Head(ctx, u.key)
	if err != nil {
		return "", fmt.Errorf("it was sent, and cannot be checked: %w", err)
	}
	if a.Length >= 0 && a.Length != u.e.Size || format.MetadataMD5(a.Metadata()) != format.MetadataMD5(wire.MetadataOf(u.header)) {
		return "", fmt.Errorf("%w: it was sent, and another object is there now", core.ErrChanged)
	}
	u.opaque = u.opaque || a.Opaque()
	return a.ETag(), nil
}

// afterFailure finds the outcome of a failed completion. The upload may be gone
// because an earlier try went well and its answer was lost.
func (u *upload) afterFailure(ctx context.Context, err error) (etag string, _ error) {
	switch {
	case wire.CodeOf(err) == "NoSuchUpload":
		a, herr := u.Objects.Head(ctx, u.key)
		if herr == nil && a.ETag() == u.composite() {
			u.ended(ctx)
			return a.ETag(), nil
		}
		return "", core.Transient(err)
	case wire.HasStatus(err, http.StatusConflict) && wire.KindOf(http.StatusConflict, wire.CodeOf(err)) == nil:
		return "", core.Transient(err)
	}
	return "", err
}

// composite returns the ETag that an upload of these parts gets.
func (u *upload) composite() string { return format.PartsETag(u.hash()) }

// hash returns the hash of the parts.
func (u *upload) hash() core.PartsHash { return core.HashParts(u.size, u.sums) }

// verify compares the object's ETag with the one that it should be, where the parts'
// ETags show that the store makes them of md5s. If it is another one, the content is
// read back.
func (u *upload) verify(ctx context.Context, etag string) error {
	if _, _, ok := format.ParsePartsETag(etag); !ok || u.Opaque || u.opaque {
		return nil
	}
	for i, p := range u.parts {
		if format.BareETag(&p.ETag) != u.sums[i].String() {
			return nil
		}
	}
	want := u.composite()
	if etag == want || u.reads(ctx, etag) {
		return nil
	}
	return fmt.Errorf("%w: the store has ETag %s, and the parts that were sent make %s", core.ErrCorrupt, etag, want)
}

// reads reports whether the object has the content that was sent, although its ETag
// is another one: the store makes ETags in a way of its own.
func (u *upload) reads(ctx context.Context, etag string) bool {
	if u.ReadMD5 == nil || !u.e.MD5.Known() {
		return false
	}
	sum, err := u.ReadMD5(ctx, u.key, etag)
	return err == nil && sum == u.e.MD5
}

// abort frees the parts of an upload. It also runs after the context has ended, and
// a failure is only logged: no entry depends on it.
func (u *upload) abort(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	err := u.abortUpload(ctx, u.key, u.id)
	if err == nil {
		u.ended(ctx)
		return
	}
	u.Log.WarnContext(ctx, "an unfinished upload could not be aborted", "key", u.e.Key, "error", err)
	if u.record != nil {
		u.Records.leave(u.record)
	}
}
