package kit

import (
	"context"
	"crypto/md5" //nolint:gosec // The field's content hash; see core.
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/fanout"
)

// A NewFile is a file that [CopyToFile] fills: it is empty, and can be written anywhere
// and read again.
type NewFile interface {
	io.Writer
	io.WriterAt
	io.ReaderAt
}

// Copied says how a body was verified while it was copied: by its md5, or by the
// hash of its parts, which its store confirmed.
type Copied struct {
	MD5   core.MD5
	Parts core.PartsHash
}

// CopyToFile is [CopyBody] to a file. The parts of a [core.PartedBody] are hashed and
// written side by side. If the store does not confirm them, the md5 of f decides.
func CopyToFile(ctx context.Context, f NewFile, body io.Reader, e core.Entry) (Copied, error) {
	parted, ok := body.(core.PartedBody)
	if !ok {
		sum, err := CopyBody(ctx, f, body, e)
		return Copied{MD5: sum}, err
	}
	c := &partCopier{f: f, body: parted, size: e.Size, part: parted.PartSize()}
	c.sums = make([]core.MD5, (c.size+c.part-1)/c.part)
	if err := fanout.Each(ctx, len(c.sums), parted.PartsAtOnce, c.copyPart); err != nil {
		return Copied{}, err
	}
	sum, err := parted.Confirm(c.sums, func() (core.MD5, error) { return c.whole(ctx) })
	switch {
	case err != nil:
		return Copied{}, err
	case !sum.Known():
		return Copied{Parts: core.HashParts(c.part, c.sums)}, nil
	case e.MD5.Known() && sum != e.MD5:
		return Copied{}, wrongMD5(sum, e.MD5)
	}
	return Copied{MD5: sum}, nil
}

// A partCopier copies the parts of a body to their places in a file.
type partCopier struct {
	f          NewFile
	body       core.PartedBody
	size, part int64      // of the whole and of a part, in bytes
	sums       []core.MD5 // of each part, once it is written
}

var partHashes = sync.Pool{New: func() any { return md5.New() }} //nolint:gosec // See the import.

// copyPart copies one part, and hashes the bytes that are written.
func (c *partCopier) copyPart(ctx context.Context, i int) error {
	off := int64(i) * c.part
	h, _ := partHashes.Get().(hash.Hash)
	defer partHashes.Put(h)
	h.Reset()
	w := &partWriter{f: c.f, h: h, off: off, left: min(c.part, c.size-off)}
	if err := c.body.CopyPart(ctx, i, w); err != nil {
		return err
	}
	if w.left != 0 {
		return fmt.Errorf("%w: part %d of the body ends %d bytes early", core.ErrCorrupt, i+1, w.left)
	}
	c.sums[i] = core.MD5Of([md5.Size]byte(h.Sum(nil)))
	return nil
}

// whole returns the md5 of the file.
func (c *partCopier) whole(ctx context.Context) (core.MD5, error) {
	return CopyBody(ctx, io.Discard, io.NewSectionReader(c.f, 0, c.size), core.Entry{Size: c.size})
}

// A partWriter writes a part to its place, and to a hash.
type partWriter struct {
	f         io.WriterAt
	h         hash.Hash
	off, left int64
}

// Write implements [io.Writer]. It refuses more than the part has.
func (w *partWriter) Write(p []byte) (int, error) {
	if w.left -= int64(len(p)); w.left < 0 {
		return 0, fmt.Errorf("%w: a part of the body has more bytes than were promised", core.ErrCorrupt)
	}
	_, _ = w.h.Write(p) // a hash returns no error
	n, err := w.f.WriteAt(p, w.off)
	w.off += int64(n)
	return n, err
}
