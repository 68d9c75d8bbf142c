// Package copying has the store copy objects from bucket to bucket: their content
// does not pass through this machine. It copies only an object that a HEAD has shown
// to be a file of the version that was listed.
package copying

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/upload"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// wholeCopy is the size in bytes of the largest object that S3 copies in one
// request.
const wholeCopy = 5 << 30

// ErrNotCopied says that the store does not copy the object: its content has to be
// read and put.
var ErrNotCopied = fmt.Errorf("the store does not copy it: %w", errors.ErrUnsupported)

// Copier copies objects to one bucket. Its exported fields are set before its first
// use; it is safe for concurrent use.
type Copier struct {
	Sender  *wire.Sender
	Objects *objects.Store
	Uploads *upload.Uploader
	Can     *ability.Set
	// AWS says that the store is AWS. Other stores may take the condition of a copy on
	// its destination and ignore it, although they obey that of a PUT (versitygw
	// does): there, nothing is copied over another object, and a HEAD looks whether
	// something is at a new place.
	AWS bool
	// Limit is the size in bytes of the largest object that is copied in one request;
	// 0 for S3's.
	Limit int64
	// Check compares the ETag of an object with the md5 of its content.
	Check func(ctx context.Context, key, etag string, opaque bool, want core.MD5) error

	first sync.Mutex // held by a copy while none went well before

	mu      sync.Mutex
	proved  bool            // a copy went well
	plain   bool            // keys with reserved characters are not found
	refused map[string]bool // by the source's bucket
}

// Source is an object of a bucket of the same store.
type Source struct {
	Sender  *wire.Sender
	Objects *objects.Store
	Layout  format.Layout
	Bucket  string
	Key     string     // in that bucket
	Entry   core.Entry // as it was listed
}

// Target is where an object is copied to.
type Target struct {
	Key   string // in the bucket
	Entry string // the key of the tree
	Old   *core.Entry
}

// Copies reports whether the store is believed to copy an object of this key from a
// bucket.
func (c *Copier) Copies(bucket, key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.refused[bucket] && !(c.plain && format.EscapePath(key) != key) && c.Can.Has(ability.Copies)
}

// Cost returns the requests of a copy: a HEAD of the source, elsewhere than at AWS
// one of the destination, and a COPY; for a large object a COPY a part, and two PUTs.
// To read and put an object that is not copied after all takes no more.
func (c *Copier) Cost(e core.Entry) core.Requests {
	var r core.Requests
	if r[core.ClassHead], r[core.ClassCopy] = 1, 1; !c.AWS {
		r[core.ClassHead] = 2
	}
	if e.Size > c.limit() {
		r[core.ClassPut], r[core.ClassCopy] = 2, format.CountParts(e.Size, format.PartSize(e.Size))
	}
	return r
}

func (c *Copier) limit() int64 {
	if c.Limit > 0 {
		return c.Limit
	}
	return wholeCopy
}

// Copy copies an object and returns its entry. The object keeps its metadata, and gets
// its md5 as metadata if that is known. The error is [ErrNotCopied] if the content has
// to be read and put instead.
func (c *Copier) Copy(ctx context.Context, from Source, to Target) (core.Entry, error) {
	if !c.AWS && !c.isProved() {
		c.first.Lock() // a store's answer to the first copy is seen before the second is sent
		if c.isProved() {
			c.first.Unlock()
		} else {
			defer c.first.Unlock()
		}
	}
	if !c.Copies(from.Bucket, from.Key) {
		return core.Entry{}, ErrNotCopied
	}
	j := &job{Copier: c, from: from, to: to}
	if err := j.statSource(ctx); err != nil {
		return core.Entry{}, err
	}
	e, err := j.do(ctx)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.proved = true
	}
	return e, err
}

func (c *Copier) isProved() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.proved
}

// refuse remembers that nothing is copied from a bucket.
func (c *Copier) refuse(bucket string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = make(map[string]bool)
	}
	c.refused[bucket] = true
}

// notFound remembers that an object which is there was not found as the source of a
// copy. Some stores do not decode the characters that are reserved in URLs.
func (c *Copier) notFound(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plain = c.plain || strings.ContainsAny(key, reserved)
}

// reserved are the characters with a meaning in URLs, but for the slash.
const reserved = "!#$%&'()*+,:;=?@[]"

// job is one object on its way from bucket to bucket.
type job struct {
	*Copier
	from Source
	to   Target

	head *wire.Answer // of the source
	e    core.Entry   // as it is to be
}

// statSource asks for the source: an object of another version, a link, and one that cannot
// be asked for have to be opened.
func (j *job) statSource(ctx context.Context) (err error) {
	if !j.AWS && j.to.Old != nil {
		return ErrNotCopied
	}
	if j.head, err = j.from.Objects.Head(ctx, j.from.Key); err != nil {
		return ErrNotCopied
	}
	listed := j.from.Entry
	e, needBody := j.from.Layout.Entry(j.head.Object(j.to.Entry), nil)
	if needBody || e.Kind != core.File || e.Size != listed.Size || listed.Token != "" && e.Token != listed.Token || !j.keepsHeaders() {
		return ErrNotCopied
	}
	if j.e = e; listed.MD5.Known() {
		j.e.MD5 = listed.MD5
	}
	if j.AWS {
		return nil
	}
	_, err = j.Objects.Head(ctx, j.to.Key)
	switch {
	case wire.HasStatus(err, http.StatusNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: an entry was created there", core.ErrChanged)
}

func (j *job) do(ctx context.Context) (core.Entry, error) {
	if j.e.Size > j.limit() {
		return j.parts(ctx)
	}
	etag, a, err := j.Sender.Copy(ctx, j.request())
	switch {
	case errors.Is(err, wire.ErrNotS3):
		return j.e, j.takeBack(ctx)
	case err != nil:
		return j.e, j.explain(ctx, err)
	}
	if etag = format.BareETag(&etag); etag == "" {
		return j.copied(ctx)
	}
	return j.checked(ctx, etag, a.Opaque())
}

// checked returns the entry of the copy, which has this ETag.
func (j *job) checked(ctx context.Context, etag string, opaque bool) (core.Entry, error) {
	if err := j.Check(ctx, j.to.Key, etag, opaque, j.e.MD5); err != nil {
		return j.e, err
	}
	return format.Stored(j.e, etag), nil
}

// copied looks at the copy after an answer that has no ETag.
func (j *job) copied(ctx context.Context) (core.Entry, error) {
	a, err := j.Objects.Head(ctx, j.to.Key)
	if err != nil {
		return j.e, fmt.Errorf("it was copied, and cannot be checked: %w", err)
	}
	if !j.isCopy(a) {
		return j.e, fmt.Errorf("%w: it was copied, and another object is there now", core.ErrChanged)
	}
	return j.checked(ctx, a.ETag(), a.Opaque())
}

// isCopy reports whether an answer shows the object that is to be copied, as far as
// size and metadata tell.
func (j *job) isCopy(a *wire.Answer) bool {
	sum := format.MetadataMD5(a.Metadata())
	return (a.Length < 0 || a.Length == j.e.Size) && (!j.e.MD5.Known() || !sum.Known() || sum == j.e.MD5)
}

// takeBack deletes an empty object from where nothing was before the copy: a store
// that ignores the header of a copy stores the body of the request. The content has
// to be read and put then, now and from then on.
func (j *job) takeBack(ctx context.Context) error {
	a, err := j.Objects.Head(ctx, j.to.Key)
	switch {
	case wire.HasStatus(err, http.StatusNotFound):
	case err != nil:
		return err
	case a.Length != 0 || j.e.Size == 0 || j.to.Old != nil:
		return fmt.Errorf("%w: the store's answer does not say that it was copied, and something is there now", core.ErrChanged)
	default:
		made := objects.Version{ETag: a.ETag(), Changed: a.Object("").Changed}
		if err := j.Objects.Delete(ctx, objects.Target{Key: j.to.Key, Version: made}); err != nil {
			return fmt.Errorf("the store made an empty object instead of a copy, which cannot be deleted: %w", err)
		}
	}
	if !j.Can.Lose(ability.Copies) {
		return wire.ErrNotS3
	}
	return ErrNotCopied
}

// setSource names the version to copy in the header of a request.
func (j *job) setSource(r *wire.Request) {
	r.Set(wire.CopySource, j.from.Sender.Source(j.from.Key))
	if j.e.Token != "" {
		r.Set(wire.CopySourceMatch, format.QuoteETag(j.e.Token))
	} else {
		r.Set(wire.CopySourceUnmodified, j.head.Get("Last-Modified"))
	}
}

func (j *job) request() *wire.Request {
	r := wire.NewRequest(http.MethodPut, j.to.Key)
	j.Objects.Seal(r)
	j.setSource(r)
	r.Set(wire.MetaDirective, "COPY")
	j.setProperties(r)
	j.Objects.SetCondition(r, objects.VersionOf(j.to.Old))
	if j.e.MD5.Known() && j.head.Metadata()[format.MetaMD5] != j.e.MD5.String() {
		r.Set(wire.MetaDirective, "REPLACE")
		j.describe(r)
	}
	return r
}

// describe gives r the metadata of the source, and the md5.
func (j *job) describe(r *wire.Request) {
	r.Describe(j.head)
	meta := j.head.Metadata()
	if j.e.MD5.Known() {
		meta[format.MetaMD5] = j.e.MD5.String()
	}
	r.SetMetadata(meta)
}
