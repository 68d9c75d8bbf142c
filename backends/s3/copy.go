package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// wholeCopy is the size in bytes of the largest object that S3 copies in one
// request.
const wholeCopy = 5 << 30

var _ core.Copier = (*Tree)(nil)

// copies is what was learnt of copying in the store. It is safe for concurrent
// use.
type copies struct {
	limit int64 // for tests: instead of wholeCopy

	mu      sync.Mutex
	refused map[string]bool // by the source's bucket
}

func (c *copies) whole() int64 {
	if c.limit > 0 {
		return c.limit
	}
	return wholeCopy
}

func (c *copies) can(bucket string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.refused[bucket]
}

func (c *copies) refuse(bucket string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = make(map[string]bool)
	}
	c.refused[bucket] = true
}

// self lets a Tree be found in what embeds it.
func (t *Tree) self() *Tree { return t }

// origin returns the bucket of this store that has the entry e of src.
func (t *Tree) origin(src core.Tree, e core.Entry) (*Tree, core.Entry, bool) {
	tree, as, ok := core.Origin(src, e)
	if !ok {
		return nil, e, false
	}
	b, ok := tree.(interface{ self() *Tree })
	if !ok {
		return nil, e, false
	}
	from := b.self()
	same := strings.EqualFold(strings.TrimRight(t.Endpoint(), "/"), strings.TrimRight(from.Endpoint(), "/"))
	return from, as, same && !t.express && !from.express && t.copies.can(from.bucketName)
}

// CanCopy implements [core.Copier]: within one endpoint, for what cannot be a
// link by its size. One that may be a link is small, and to read it tells.
func (t *Tree) CanCopy(src core.Tree, e core.Entry) bool {
	_, _, ok := t.origin(src, e)
	return ok && !format.MayBeLink(e.Size)
}

// CopyCost implements [core.Copier]: a HEAD of the source, elsewhere than at AWS
// one of the destination, and a COPY; for an object above 5 GiB a COPY a part,
// and two PUTs. To read and put what is not copied after all takes no more.
func (t *Tree) CopyCost(e core.Entry) core.Requests {
	var r core.Requests
	r[core.ClassHead], r[core.ClassCopy] = 1, 1
	if t.Endpoint() != "" {
		r[core.ClassHead] = 2
	}
	if e.Size > t.copies.whole() {
		r[core.ClassPut], r[core.ClassCopy] = 2, format.CountParts(e.Size, format.PartSize(e.Size))
	}
	return r
}

// errNotCopied says that the content has to be read and put.
var errNotCopied = fmt.Errorf("the store does not copy it: %w", errors.ErrUnsupported)

// CopyFrom implements [core.Copier]. The object keeps its metadata, and gets its
// md5 as metadata if that is known.
func (t *Tree) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	from, own, ok := t.origin(src, e)
	if !ok {
		return core.Entry{}, t.fail("copy", key, errNotCopied)
	}
	to := e
	to.Key = key
	if err := cmp.Or(t.CheckPut(to), core.CheckOld(old)); err != nil {
		return core.Entry{}, t.fail("copy", key, err)
	}
	c := &copying{Tree: t, from: from, own: own, key: key, old: old}
	err := c.look(ctx)
	if err == nil {
		to, err = c.do(ctx)
	}
	if err != nil {
		return core.Entry{}, t.fail("copy", key, err)
	}
	return to, nil
}

// copying is one object on its way from bucket to bucket.
type copying struct {
	*Tree // the destination
	from  *Tree
	own   core.Entry // as it is in from
	key   string
	old   *core.Entry

	head *wire.Answer // of the source
	e    core.Entry   // as it is to be
}

// look asks what the source is: what has another version, is a link or cannot
// be asked, has to be opened to know. Stores other than AWS may take what
// CopyObject says about the destination and ignore it, while they heed a PUT
// (versitygw does): there, nothing is copied over what is to be replaced, and
// whether something is at a new place is asked first.
func (c *copying) look(ctx context.Context) (err error) {
	elsewhere := c.Endpoint() != ""
	if elsewhere && c.old != nil {
		return errNotCopied
	}
	if c.head, err = c.from.objects.Head(ctx, c.from.full(c.own.Key)); err != nil {
		return errNotCopied
	}
	o := c.head.Object(c.key)
	e, ask := c.from.layout.Entry(o, nil)
	if ask || e.Kind != core.File || e.Size != c.own.Size || c.own.Token != "" && e.Token != c.own.Token {
		return errNotCopied
	}
	if c.e = e; c.own.MD5.Known() {
		c.e.MD5 = c.own.MD5
	}
	if elsewhere {
		return c.free(ctx)
	}
	return nil
}

// free holds that nothing is at the destination.
func (c *copying) free(ctx context.Context) error {
	_, err := c.objects.Head(ctx, c.full(c.key))
	switch {
	case refused(err, http.StatusNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: something is there by now", core.ErrChanged)
}

func (c *copying) do(ctx context.Context) (core.Entry, error) {
	if c.e.Size > c.copies.whole() {
		return c.parts(ctx)
	}
	etag, a, err := c.wire.Copy(ctx, c.request())
	if err != nil {
		return c.e, c.judge(ctx, err)
	}
	if etag = format.BareETag(&etag); etag == "" {
		return c.copied(ctx)
	}
	return c.verify(etag, a.Opaque() || c.express)
}

// copied looks at the copy after an answer that has no ETag.
func (c *copying) copied(ctx context.Context) (core.Entry, error) {
	a, err := c.objects.Head(ctx, c.full(c.key))
	if err != nil {
		return c.e, fmt.Errorf("it was copied, and cannot be looked at: %w", err)
	}
	o := a.Object(c.key)
	sum := format.MetadataMD5(o.Metadata)
	if o.Size >= 0 && o.Size != c.e.Size || c.e.MD5.Known() && sum.Known() && sum != c.e.MD5 {
		return c.e, fmt.Errorf("%w: it was copied, and another object is there now", core.ErrChanged)
	}
	return c.verify(o.ETag, o.Opaque || c.express)
}

// verify holds the copy's ETag against the md5, where it is one.
func (c *copying) verify(etag string, opaque bool) (core.Entry, error) {
	sum, ok := (format.Object{Size: c.e.Size, ETag: etag, Opaque: opaque}).MD5()
	switch {
	case ok && c.e.MD5.Known() && sum != c.e.MD5:
		return c.e, fmt.Errorf("%w: the store has md5 %s, and the source had %s", core.ErrCorrupt, sum, c.e.MD5)
	case ok:
		c.e.MD5 = sum
	}
	return stored(c.e, etag), nil
}

// setSource names the version to copy in the header of a request.
func (c *copying) setSource(r *wire.Request) {
	r.Set(wire.CopySource, c.from.wire.Source(c.from.full(c.own.Key)))
	if c.e.Token != "" {
		r.Set(wire.CopySourceMatch, format.QuoteETag(c.e.Token))
	} else {
		r.Set(wire.CopySourceUnmodified, c.head.Get("Last-Modified"))
	}
}

func (c *copying) request() *wire.Request {
	r := wire.NewRequest(http.MethodPut, c.full(c.key))
	c.objects.Seal(r)
	c.setSource(r)
	r.Set(wire.MetaDirective, "COPY")
	c.objects.SetCondition(r, objects.VersionOf(c.old))
	if c.e.MD5.Known() && c.head.Metadata()[format.MetaMD5] != c.e.MD5.String() {
		r.Set(wire.MetaDirective, "REPLACE")
		c.describe(r)
	}
	return r
}

// describe replaces the metadata of a copy by the same, and the md5.
func (c *copying) describe(r *wire.Request) {
	r.Describe(c.head)
	r.SetMetadata(c.meta())
}

func (c *copying) meta() map[string]string {
	m := c.head.Metadata()
	if c.e.MD5.Known() {
		m[format.MetaMD5] = c.e.MD5.String()
	}
	return m
}

// judge says what an answer to a copy means. A condition that did not hold is of
// the source or of the destination, and the answer does not say which; a
// refusal means that content has to be read, and sent on a condition that the
// store may know there.
func (c *copying) judge(ctx context.Context, err error) error {
	api := c.apiError(err)
	switch {
	case api == nil:
		return err
	case refused(err, http.StatusPreconditionFailed), refused(err, http.StatusNotFound) && code(err) != "NoSuchBucket":
		if !c.sourceStands(ctx) {
			return errNotCopied
		}
		return fmt.Errorf("%w: the object at the destination is not the one that was listed", core.ErrChanged)
	case api.kind != nil && !errors.Is(api.kind, core.ErrCorrupt) && api.Status != http.StatusForbidden:
		return err
	case api.Status == http.StatusForbidden, api.Status == http.StatusNotImplemented, api.Status == http.StatusMethodNotAllowed:
		c.copies.refuse(c.from.bucketName)
		return errNotCopied
	case api.Status >= 400 && api.Status < 500 && api.Status != http.StatusConflict && api.Status != http.StatusTooManyRequests:
		return errNotCopied
	}
	return err
}

// sourceStands reports whether the source is still the version to copy.
func (c *copying) sourceStands(ctx context.Context) bool {
	a, err := c.from.objects.Head(ctx, c.from.full(c.own.Key))
	return err == nil && a.ETag() == c.e.Token
}
