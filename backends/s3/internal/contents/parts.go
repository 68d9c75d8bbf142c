package contents

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/ranged"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// The ETag of an upload in parts is a hash of the parts' md5s. An object whose part size
// is known is therefore verified part by part, where the md5 in its metadata would take
// one core for the whole of it.

const (
	// atOnce is how many parts of one object are read at once, if nothing was measured.
	atOnce = 4
	// allAtOnce is how many parts of all objects are read at once, if there are fewer
	// objects.
	allAtOnce = 16
)

// partsKnown is the knowledge about objects in parts. It is safe for concurrent use.
type partsKnown struct {
	proved    atomic.Bool  // an ETag was the hash of its object's parts
	opaque    atomic.Bool  // an ETag was not, and nothing else was wrong
	noNumbers atomic.Bool  // the store does not tell the size of a part
	reading   atomic.Int64 // objects whose parts are being read

	mu     sync.Mutex
	unsure map[[2]string]core.MD5 // of contents whose parts do not give their ETag, by key and ETag
}

// parted is an object whose parts can be read side by side; see [core.PartedBody].
type parted struct {
	*ranged.Reader
	o       *Opener
	key     string
	object  format.Object
	part    int64 // size in bytes
	certain bool  // that this is the size
	begun   sync.Once
	closed  sync.Once
}

var _ core.PartedBody = (*parted)(nil)

// inParts returns r as a body whose parts the ETag of its object proves; nil if their
// size is not known.
func (o *Opener) inParts(ctx context.Context, key string, object format.Object, r *ranged.Reader, condition string) io.ReadCloser {
	p := &parted{Reader: r, o: o, key: key, object: object}
	if p.part, p.certain = o.partSize(ctx, key, object, condition); p.part < o.Rule.Size {
		return nil
	}
	return p
}

// manyParts is the number of parts from which their size can be guessed: a size that is
// common fits by accident less often then.
const manyParts = 10

// partSize returns the size in bytes of the parts of an object, 0 if it is not known.
// Ours follows from the object's size. That of another tool follows from the number of
// parts, if they are many and one common size fits; that is not certain. Otherwise, and
// if the guess was wrong, one HEAD asks for the first part.
func (o *Opener) partSize(ctx context.Context, key string, object format.Object, condition string) (size int64, certain bool) {
	_, count, ok := format.ParsePartsETag(object.ETag)
	if !ok || count < 2 || object.Opaque || o.parts.opaque.Load() {
		return 0, false
	}
	sizes := format.PartSizes(object.Size, count)
	if object.Metadata[format.MetaMD5] != "" && len(sizes) > 0 && sizes[0] == format.PartSize(object.Size) {
		return sizes[0], true
	}
	guess := int64(0)
	if count >= manyParts && len(sizes) == 1 {
		guess = sizes[0]
	}
	mayAsk := int64(count)+2 <= o.Rule.Count(object.Size) // else it would be more requests than in ranges
	if !mayAsk || guess > 0 && !o.parts.doubts(key, object.ETag) {
		return guess, false
	}
	if asked := o.askPartSize(ctx, key, object, count, condition); asked > 0 {
		return asked, true
	}
	return guess, false
}

// askPartSize asks for the size of an object's first part; 0 if the others do not have
// it, or if the store does not say.
func (o *Opener) askPartSize(ctx context.Context, key string, object format.Object, count int, condition string) int64 {
	if o.parts.noNumbers.Load() {
		return 0
	}
	r := wire.NewRequest(http.MethodHead, key)
	r.Query = url.Values{"partNumber": {"1"}}
	r.Set(wire.IfMatch, condition)
	a, err := o.Store.Get(ctx, r)
	if err != nil {
		o.parts.noNumbers.Store(ctx.Err() == nil && !core.IsTransient(err))
		return 0
	}
	_ = a.Body.Close() // a HEAD has none
	switch {
	case a.ETag() != object.ETag || a.Length <= 0:
		return 0
	case a.Length == object.Size: // the whole: the parameter was ignored
		o.parts.noNumbers.Store(true)
		return 0
	case format.CountParts(object.Size, a.Length) != int64(count):
		return 0
	}
	return a.Length
}

// PartSize implements [core.PartedBody].
func (p *parted) PartSize() int64 { return p.part }

// PartsAtOnce implements [core.PartedBody].
func (p *parted) PartsAtOnce() int {
	n := atOnce
	if p.o.Parts != nil {
		n = p.o.Parts.AtOnce()
	}
	return max(1, min(n, allAtOnce/int(max(1, p.o.parts.reading.Load()))))
}

// CopyPart implements [core.PartedBody].
func (p *parted) CopyPart(ctx context.Context, i int, w io.Writer) error {
	p.begun.Do(func() { p.o.parts.reading.Add(1) })
	if p.o.Parts != nil {
		w = paced{w, p.o.Parts}
	}
	off := int64(i) * p.part
	return p.CopyRange(ctx, off, min(off+p.part, p.object.Size), w)
}

// paced counts what is written.
type paced struct {
	io.Writer
	pace *ranged.Pace
}

// Write implements [io.Writer].
func (w paced) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.pace.Delivered(n)
	return n, err
}

// Close implements [io.Closer].
func (p *parted) Close() error {
	p.closed.Do(func() {
		never := true
		p.begun.Do(func() { never = false })
		if never {
			p.o.parts.reading.Add(-1)
		}
	})
	return p.Reader.Close()
}

// Confirm implements [core.PartedBody]. If the parts do not give the ETag, the md5 in
// the metadata decides. Without one, the content is taken if reading it again gives
// the same: then the ETag is no hash of parts.
func (p *parted) Confirm(sums []core.MD5, whole func() (core.MD5, error)) (core.MD5, error) {
	known := &p.o.parts
	if format.PartsETag(core.HashParts(p.part, sums)) == p.object.ETag {
		known.proved.Store(true)
		return core.MD5{}, nil
	}
	sum, err := whole()
	if err != nil {
		return core.MD5{}, err
	}
	claimed := format.MetadataMD5(p.object.Metadata)
	switch {
	case !claimed.Known() && !known.again(p.key, p.object.ETag, sum):
		return core.MD5{}, core.Transient(fmt.Errorf("%w: its parts are not as its ETag says; md5 %s was read", core.ErrCorrupt, sum))
	case claimed.Known() && claimed != sum:
		return core.MD5{}, fmt.Errorf("%w: its parts are not as its ETag says; md5 %s was read, and its metadata says %s", core.ErrCorrupt, sum, claimed)
	}
	if p.certain && !known.proved.Load() {
		known.opaque.Store(true)
	}
	return sum, nil
}

// again reports whether this version was read before with the same md5.
func (k *partsKnown) again(key, etag string, sum core.MD5) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	v := [2]string{key, etag}
	if k.unsure[v] == sum {
		return true
	}
	if k.unsure == nil {
		k.unsure = make(map[[2]string]core.MD5)
	}
	k.unsure[v] = sum
	return false
}

// doubts reports whether the parts of this version did not give its ETag.
func (k *partsKnown) doubts(key, etag string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.unsure[[2]string{key, etag}].Known()
}
