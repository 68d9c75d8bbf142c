package contents

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// Some stores have ETags of 32 hexadecimal digits that are no md5s. An ETag that
// says another md5 than the metadata, or than the content, is therefore proved before
// it counts: the content decides. At AWS, answers say which ETags are no md5s.

// Object returns the object that an answer shows. Its ETag is opaque if the store is
// known to have ETags that are no md5s.
func (o *Opener) Object(a *wire.Answer, key Key) format.Object {
	object := a.Object(key.Entry)
	object.Opaque = object.Opaque || o.Layout.Express || !o.Can.Has(ability.PlainMD5)
	object.Opaque = object.Opaque || !o.Trusted && (!o.provesPage(object) || !o.provesEmpty(object))
	return object
}

// provesEmpty reports whether the ETag of an empty object, if it is an md5, is that of
// nothing. Another one proves that ETags of this store are none.
func (o *Opener) provesEmpty(object format.Object) bool {
	sum, plain := object.MD5()
	if !plain || object.Size != 0 || sum == core.SumMD5(nil) {
		return true
	}
	if !o.Can.Proved(ability.PlainMD5) {
		o.Can.Lose(ability.PlainMD5)
	}
	return false
}

// provesPage reports whether the ETag of an object is that of the link page which its
// metadata name. Where there is such metadata, another md5 proves nothing: only the
// body tells whether it is the page.
func (o *Opener) provesPage(object format.Object) bool {
	location := object.Metadata[format.MetaTarget]
	sum, plain := object.MD5()
	if location == "" || !plain || object.Size == 0 || !format.MayBeLink(object.Size) {
		return true
	}
	if len(location) > format.MaxLocation || !format.IsLinkPageSum(object.Size, sum, location) {
		return false
	}
	o.Can.Works(ability.PlainMD5)
	return true
}

// conflict reports whether ETag and metadata of an object are different md5s. If they
// are the same, then ETags are md5s in this store.
func (o *Opener) conflict(object format.Object) bool {
	sum, plain := object.MD5()
	claimed := format.MetadataMD5(object.Metadata)
	if o.Trusted || !plain || !claimed.Known() || object.Redirect != nil {
		return false
	}
	if sum == claimed {
		o.Can.Works(ability.PlainMD5)
	}
	return sum != claimed
}

// settle finds out from the content of an object whether its ETag or its metadata is
// right, which are different md5s: one GET. If the metadata is, the ETag is opaque.
func (o *Opener) settle(ctx context.Context, key Key, object *format.Object) error {
	defer o.lockProof()()
	if !o.Can.Has(ability.PlainMD5) { // another object has proved it meanwhile
		object.Opaque = true
		return nil
	}
	content, err := o.ReadMD5(ctx, key.Object, object.ETag)
	if err == nil {
		object.Opaque = o.learn(content, *object)
	}
	return err
}

// lockProof lets one object at a time be read while nothing is known of the ETags of
// the store: the proof of one saves the reads of the others. The function that it
// returns lets the next one go.
func (o *Opener) lockProof() (unlock func()) {
	known := func() bool { return o.Can.Proved(ability.PlainMD5) || !o.Can.Has(ability.PlainMD5) }
	if known() {
		return func() {}
	}
	o.proof.Lock()
	if known() {
		o.proof.Unlock()
		return func() {}
	}
	return o.proof.Unlock
}

// IsMD5 reports whether an ETag that is an md5, but not that of the content, is none:
// the metadata of the object, or another object, proves it. Otherwise the content is
// corrupt.
func (o *Opener) IsMD5(ctx context.Context, key string, object format.Object, content core.MD5) bool {
	if o.Trusted || !o.Can.Has(ability.PlainMD5) {
		return o.Trusted
	}
	return !o.learn(content, object) && (format.MetadataMD5(object.Metadata).Known() || !o.probe(ctx, key))
}

// learn learns from the md5 of an object's content whether ETags are md5s, and
// reports whether that of the object is not one.
func (o *Opener) learn(content core.MD5, object format.Object) (opaque bool) {
	sum, _ := object.MD5()
	switch content {
	case sum:
		o.Can.Works(ability.PlainMD5)
	case format.MetadataMD5(object.Metadata):
		if !o.Can.Proved(ability.PlainMD5) { // else this one ETag is none
			o.Can.Lose(ability.PlainMD5)
		}
		return true
	}
	return false
}

// CheckStored compares the ETag of an object that was just stored with the md5 of its
// content. If the ETag is another md5, the content is read back: it is
// [core.ErrCorrupt] if that is another one, too.
func (o *Opener) CheckStored(ctx context.Context, key string, etag string, opaque bool, want core.MD5) error {
	sum, plain := (format.Object{ETag: etag, Opaque: opaque || o.Layout.Express || !o.Can.Has(ability.PlainMD5)}).MD5()
	switch {
	case !plain || !want.Known():
		return nil
	case sum == want:
		o.Can.Works(ability.PlainMD5)
		return nil
	}
	if !o.Trusted {
		defer o.lockProof()()
		if !o.Can.Has(ability.PlainMD5) { // as in settle
			return nil
		}
		content, err := o.ReadMD5(ctx, key, etag)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%w: the store has md5 %s, and %s was sent; it cannot be read back: %v", core.ErrCorrupt, sum, want, err) //nolint:errorlint // It is of the other request.
		case content == want:
			if !o.Can.Proved(ability.PlainMD5) {
				o.Can.Lose(ability.PlainMD5)
			}
			return nil
		}
	}
	return fmt.Errorf("%w: the store has md5 %s, and %s was sent", core.ErrCorrupt, sum, want)
}

// ReadMD5 reads the version of an object with this ETag, which has no quotes, and
// returns the md5 of its content.
func (o *Opener) ReadMD5(ctx context.Context, key, etag string) (core.MD5, error) {
	a, err := o.get(ctx, wire.NewRequest(http.MethodGet, key))
	if err != nil {
		return core.MD5{}, err
	}
	if err := o.setLength(ctx, key, a, 0); err != nil {
		_ = a.Body.Close() // it is of no use
		return core.MD5{}, err
	}
	body := o.reader(ctx, key, a, a.Length)
	defer func() { _ = body.Close() }() // it has told its error
	if a.ETag() != etag {
		return core.MD5{}, fmt.Errorf("%w: it was replaced while it was read", core.ErrChanged)
	}
	h := format.NewMD5()
	if _, err := io.Copy(h, body); err != nil {
		return core.MD5{}, err
	}
	return format.SumMD5(h), nil
}

// prover reads an object whose ETag is not known to be the md5 of its content, and
// compares at its end.
type prover struct {
	io.ReadCloser
	ctx    context.Context //nolint:containedctx // It lives as long as one body.
	o      *Opener
	object format.Object
	key    string
	hash   hash.Hash
}

// prove returns body as one that proves the ETag of its object, if that is not known
// to be an md5.
func (o *Opener) prove(ctx context.Context, key Key, object format.Object, body io.ReadCloser) io.ReadCloser {
	_, plain := object.MD5()
	if o.Trusted || !plain || o.Can.Proved(ability.PlainMD5) && !o.conflict(object) {
		return body
	}
	return &prover{body, ctx, o, object, key.Object, format.NewMD5()}
}

// Read implements [io.Reader].
func (p *prover) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	_, _ = p.hash.Write(b[:n]) // a hash returns no error
	if err == io.EOF {         //nolint:errorlint // Readers of ranges return it as it is.
		err = p.verdict()
	}
	return n, err
}

// verdict returns io.EOF if the content is as its entry says, and otherwise the reason
// why not.
func (p *prover) verdict() error {
	content := format.SumMD5(p.hash)
	sum, _ := p.object.MD5()
	opaque := p.o.learn(content, p.object)
	switch {
	case opaque, content == sum:
		return io.EOF
	case format.MetadataMD5(p.object.Metadata).Known():
		return corrupt(content, p.object)
	case p.o.probe(p.ctx, p.key):
		return errOpaque
	}
	return fmt.Errorf("%w: md5 %s was read, and its ETag says %s; if this store's ETags are no md5s, add lacks=%s to the URL",
		core.ErrCorrupt, content, sum, ability.PlainMD5.Name())
}

// corrupt is the error of a content that is neither as the ETag of its object says nor
// as the metadata.
func corrupt(content core.MD5, object format.Object) error {
	sum, _ := object.MD5()
	return fmt.Errorf("%w: md5 %s was read, its ETag says %s, and its metadata %s", core.ErrCorrupt, content, sum, format.MetadataMD5(object.Metadata))
}

// errOpaque ends the content of an object whose entry had an md5 from its ETag, which
// turned out not to be one. Another try gets the right entry.
var errOpaque = core.Transient(errors.New("its ETag is no md5, as other objects of this store show"))

// probes are facts about ETags, from reading another object.
type probes struct {
	mu   sync.Mutex
	done bool
}

// An object of a probe has at most maxProbe bytes, and at most maxProbed objects are
// asked for.
const (
	maxProbe  = 1 << 20
	maxProbed = 8
)

// probe reports whether another object proves that ETags of this store are no md5s:
// one LIST, and one HEAD and GET, once. If answers say that ETags are none, or
// listings have no ETags, it can be more HEADs.
func (o *Opener) probe(ctx context.Context, except string) bool {
	o.probes.mu.Lock()
	defer o.probes.mu.Unlock()
	if o.probes.done || o.Can.Proved(ability.PlainMD5) {
		return !o.Can.Has(ability.PlainMD5)
	}
	o.probes.done = true
	page, err := o.Page(ctx)
	if err != nil {
		return false
	}
	probed := 0
	for i := range page {
		listed := format.BareETag(&page[i].ETag)
		_, plain := core.ParseMD5(listed)
		if !plain && listed != "" || page[i].Size > maxProbe || page[i].Key == except {
			continue
		}
		if probed++; probed > maxProbed {
			break
		}
		content, claimed, err := o.sumOf(ctx, page[i].Key, listed)
		switch {
		case err != nil || !claimed.Known():
			continue
		case content == claimed:
			o.Can.Works(ability.PlainMD5)
			return false
		}
		return o.Can.Lose(ability.PlainMD5)
	}
	return false
}

// sumOf returns the md5 of an object and the one that its ETag claims, which is the
// listed ETag if that is known. There is no claim if the answer says that its ETag is
// no md5.
func (o *Opener) sumOf(ctx context.Context, key, listed string) (sum, claimed core.MD5, err error) {
	a, err := o.Store.Head(ctx, key)
	if err != nil || a.Opaque() || listed != "" && a.ETag() != listed {
		return core.MD5{}, core.MD5{}, err
	}
	claimed, plain := core.ParseMD5(a.ETag())
	if !plain {
		return core.MD5{}, core.MD5{}, nil
	}
	sum, err = o.ReadMD5(ctx, key, a.ETag())
	return sum, claimed, err
}
