package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/internal/state"
)

// Records are the multipart uploads that runs of s3fc began in a bucket and have not
// ended. A nil Records has none. It is safe for concurrent use.
type Records struct {
	records *state.Uploads

	mu     sync.Mutex
	looked bool
	told   bool            // that there can be no record
	left   []*state.Record // whose process is gone, or whose abort failed; held
}

// OpenRecords returns the records below dir of the bucket of this name; nil without
// a directory.
func OpenRecords(dir, bucket string) *Records {
	if dir == "" {
		return nil
	}
	return &Records{records: state.OpenUploads(dir, bucket)}
}

// adopt takes over, once, the uploads of runs that ended. The caller has the lock.
func (u *Records) adopt() error {
	if u.looked {
		return nil
	}
	u.looked = true
	found, err := u.records.Abandoned()
	u.left = append(u.left, found...)
	return err
}

// claim takes the first of the uploads that are left that is wanted, or none.
func (u *Records) claim(wanted func(*state.Record) bool) (*state.Record, error) {
	if u == nil {
		return nil, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	err := u.adopt()
	i := slices.IndexFunc(u.left, wanted)
	if i < 0 {
		return nil, err
	}
	r := u.left[i]
	u.left = slices.Delete(u.left, i, i+1)
	return r, nil
}

// leave gives an upload back that could not be ended.
func (u *Records) leave(r *state.Record) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.left = append(u.left, r)
}

// Close leaves unfinished uploads to the next run.
func (u *Records) Close() error {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var errs []error
	for _, r := range u.left {
		errs = append(errs, r.Release())
	}
	u.left = nil
	return errors.Join(errs...)
}

// firstFailure reports, once, that there can be no record.
func (u *Records) firstFailure() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	first := !u.told
	u.told = true
	return first
}

// add notes that an upload was begun, before anything is sent of it. Without a
// record it goes on: only a kill would then leave it behind.
func (u *Records) add(ctx context.Context, log *slog.Logger, up state.Upload) *state.Record {
	if u == nil {
		return nil
	}
	r, err := u.records.Add(up)
	if err != nil && u.firstFailure() {
		log.InfoContext(ctx, "large uploads cannot be recorded; if this run is killed, the next cannot resume or remove them", "error", err)
	}
	if err != nil {
		return nil
	}
	return r
}

// object names an upload's object: content, part size, and all that is fixed when
// it begins.
func (u *upload) object() string {
	header := u.header
	text, _ := json.Marshal([]any{ // strings and numbers only
		u.e.Size, u.size, u.e.MD5.String(), header.Get(wire.ContentType), wire.MetadataOf(header), header.Get(wire.Encryption), header.Get(wire.EncryptionKey),
		u.e.Headers,
	})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// resume goes on with an upload of the same object from a run that ended, and
// reports whether there is one. Its parts are compared once the content was read:
// see had.
func (u *upload) resume(ctx context.Context) bool {
	if u.Opaque { // its ETags are no md5s, and its parts have other checksums
		return false
	}
	object := u.object()
	r, err := u.Records.claim(func(r *state.Record) bool { return r.Key == u.key && r.Object == object })
	if err != nil {
		u.Log.InfoContext(ctx, "the records of unfinished uploads cannot be read", "error", err)
	}
	if r == nil {
		return false
	}
	if u.there, err = u.listParts(ctx, u.key, r.ID); err != nil {
		u.Records.leave(r) // to be aborted at the end
		return false
	}
	u.id, u.opaque, u.record = r.ID, r.Sealed, r
	u.Log.InfoContext(ctx, "an unfinished upload is resumed", "key", u.e.Key, "parts", len(u.there), "of", len(u.parts))
	return true
}

// listParts returns the parts of an upload that the store has, by number from 0.
func (u *Uploader) listParts(ctx context.Context, key, id string) (map[int]wire.Part, error) {
	all, err := u.Sender.ListParts(ctx, key, id)
	if err != nil {
		return nil, err
	}
	parts := make(map[int]wire.Part, len(all))
	for _, p := range all {
		parts[p.Number-1] = p
	}
	return parts, nil
}

// had reports whether the store has the part already, by its md5. A store whose
// ETags are no md5s gets every part again.
func (u *upload) had(i int) bool {
	there, ok := u.there[i]
	if !ok || there.Size != u.length(i) || format.BareETag(&there.ETag) != u.sums[i].String() {
		return false
	}
	u.parts[i] = there
	return true
}

// ended forgets the upload, which is no more.
func (u *upload) ended(ctx context.Context) {
	if u.record != nil {
		u.forget(ctx, u.record)
	}
}

// forget removes a record. One that stays costs the next run a request.
func (u *Uploader) forget(ctx context.Context, r *state.Record) {
	if err := r.Remove(); err != nil {
		u.Log.InfoContext(ctx, "the record of an upload that is over cannot be removed", "key", r.Key, "error", err)
	}
}

// otherPrefix is how long an upload elsewhere in the bucket waits to be resumed
// by a run to where it belongs.
const otherPrefix = 24 * time.Hour

// AbortLeft aborts the uploads of runs that are gone which this run had no use
// for: those under the prefix, and any that are a day old.
func (u *Uploader) AbortLeft(ctx context.Context, prefix string) {
	unused := func(r *state.Record) bool {
		return strings.HasPrefix(r.Key, prefix) || time.Since(r.Begun) > otherPrefix
	}
	var failed []*state.Record
	for ctx.Err() == nil {
		r, err := u.Records.claim(unused)
		if err != nil {
			u.Log.InfoContext(ctx, "the records of unfinished uploads cannot be read", "error", err)
		}
		if r == nil {
			break
		}
		if err := u.abortUpload(ctx, r.Key, r.ID); err != nil {
			u.Log.InfoContext(ctx, "an upload that an earlier run left unfinished could not be aborted", "key", r.Key, "error", err)
			failed = append(failed, r)
			continue
		}
		u.Log.InfoContext(ctx, "an upload that an earlier run left unfinished was aborted", "key", r.Key)
		u.forget(ctx, r)
	}
	for _, r := range failed {
		u.Records.leave(r)
	}
}

// abortUpload frees the parts of an upload. A missing upload is no error.
func (u *Uploader) abortUpload(ctx context.Context, key, id string) error {
	ctx, cancel := context.WithTimeout(ctx, abortTime)
	defer cancel()
	a, err := u.Sender.AbortUpload(ctx, key, id)
	if err == nil && a.Status != http.StatusNoContent { // 204 is S3's answer; any other may be anybody's
		if _, err = u.listParts(ctx, key, id); err == nil {
			err = wire.ErrNotS3
		}
	}
	if wire.CodeOf(err) == "NoSuchUpload" {
		return nil
	}
	return err
}

// outlasting returns a context that ends some time after ctx does, or with done.
func outlasting(ctx context.Context, by time.Duration) (longer context.Context, done func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(by):
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() {
		stop()
		cancel()
	}
}
