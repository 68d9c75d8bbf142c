package ranged

import (
	"context"
	"io"
	"sync"
)

// copyBuffers have the size of a read: the bytes are hashed and written while they
// are still in the processor's cache.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// CopyRange writes the bytes from off to before end to w, in order. It is for a Reader
// of which nothing was read: the bytes that came with the first answer are those of the
// range at 0, which is copied once at most. Ranges that do not overlap may be copied at
// once. When ctx ends, so does all that the Reader does.
func (r *Reader) CopyRange(ctx context.Context, off, end int64, w io.Writer) error {
	defer context.AfterFunc(ctx, r.cancel)()
	if off == 0 {
		first, _ := r.queue[0].(*rangeReader)
		off = min(first.stop, end)
		if err := copyTo(w, first); err != nil {
			return err
		}
	}
	return copyTo(w, &rangeReader{o: &r.o, ctx: r.ctx, off: off, stop: end})
}

// copyTo writes all of a range to w.
func copyTo(w io.Writer, from *rangeReader) error {
	defer from.close()
	if from.off == from.stop {
		return nil
	}
	buf, _ := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for {
		n, err := from.Read(*buf)
		if n > 0 {
			if _, werr := w.Write((*buf)[:n]); werr != nil {
				return werr
			}
		}
		switch {
		case err == io.EOF: //nolint:errorlint // A range returns it as it is.
			return nil
		case err != nil:
			return err
		}
	}
}

// CountParts returns the number of requests in which the parts of an object are read, at
// most: one a part, and one more, since the first answer is shorter than a part.
func (r Rule) CountParts(size, part int64) int64 {
	n := (size + part - 1) / part
	if part > r.Size {
		n++
	}
	return n
}
