package kit

import (
	"context"
	"crypto/md5" //nolint:gosec // The field's content hash; see core.
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/fanout"
)

// LargeFile is the size in bytes above which [CopyBody] reads, writes and hashes
// concurrently.
const LargeFile = 1 << 20

// CopyBody writes body, the body of a Put of e, to w and returns its md5. It is
// [core.ErrCorrupt] if the body does not have the size, or a known md5, of e. It
// ends with ctx. An error of body or w is wrapped or returned as it is.
func CopyBody(ctx context.Context, w io.Writer, body io.Reader, e core.Entry) (core.MD5, error) {
	c, _ := copiers.Get().(*copier)
	defer copiers.Put(c)
	n, err := c.copy(w, &bodyReader{ctx: ctx, r: body, left: e.Size}, e.Size)
	if err != nil {
		return core.MD5{}, err
	}
	return checkBody(e, n, c.sum)
}

// checkBody returns the md5 of a body of n bytes, or an error if it is not that of
// e.
func checkBody(e core.Entry, n int64, h hash.Hash) (core.MD5, error) {
	if n != e.Size {
		return core.MD5{}, fmt.Errorf("%w: the body ends after %d of %d bytes", core.ErrCorrupt, n, e.Size)
	}
	sum := core.MD5Of([md5.Size]byte(h.Sum(nil)))
	if e.MD5.Known() && sum != e.MD5 {
		return core.MD5{}, wrongMD5(sum, e.MD5)
	}
	return sum, nil
}

func wrongMD5(got, want core.MD5) error {
	return fmt.Errorf("%w: the md5 of the body is %v, not %v", core.ErrCorrupt, got, want)
}

// A Body is [CopyBody] for a client that reads the body itself: it reads the body
// of a Put, and instead of the end it returns CopyBody's error. It is for one
// goroutine.
type Body struct {
	r   bodyReader
	e   core.Entry
	n   int64
	h   hash.Hash
	sum core.MD5
}

// NewBody returns the reader of body, the body of a Put of e. It ends with ctx.
func NewBody(ctx context.Context, body io.Reader, e core.Entry) *Body {
	return &Body{r: bodyReader{ctx: ctx, r: body, left: e.Size}, e: e, h: md5.New()} //nolint:gosec // See the import.
}

// Read implements [io.Reader].
func (b *Body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	b.h.Write(p[:n])
	if errors.Is(err, io.EOF) {
		var bad error
		if b.sum, bad = checkBody(b.e, b.n, b.h); bad != nil {
			return n, bad
		}
	}
	return n, err
}

// MD5 returns the md5 of the body once Read has returned io.EOF.
func (b *Body) MD5() core.MD5 { return b.sum }

// A copier has the memory that copying a small file needs.
type copier struct {
	sum hash.Hash
	buf []byte
}

var copiers = sync.Pool{New: func() any { return &copier{sum: md5.New(), buf: make([]byte, 64<<10)} }} //nolint:gosec // See the import.

// copy writes body, of likely size bytes, to w and to the sum.
func (c *copier) copy(w io.Writer, body io.Reader, size int64) (int64, error) {
	c.sum.Reset()
	if size > LargeFile {
		return fanout.Copy(body, w, c.sum)
	}
	return io.CopyBuffer(io.MultiWriter(w, c.sum), body, c.buf)
}

// A bodyReader fails when the context ends, and when the body is longer than
// announced.
type bodyReader struct {
	ctx  context.Context //nolint:containedctx // It is one call's reader.
	r    io.Reader
	left int64 // bytes still to come
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: the body has more bytes than were promised", core.ErrCorrupt)
	}
	return n, err
}
