package reconcile

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/fanout"
)

const (
	// sideBySideAbove is the size in bytes above which a file that can be read anywhere
	// is hashed in parts, on all cores, where no md5 is needed.
	sideBySideAbove = 32 << 20
	// sideBySidePart is the size in bytes of these parts, if nothing else tells it.
	sideBySidePart = 8 << 20
)

// comparedPart returns the part size in bytes in which the hash of e's parts decides
// whether other has the same content, 0 if an md5 is needed. The prover is other's.
func comparedPart(e, other *core.Entry, prover core.Prover, otherAsks bool) int64 {
	if e.Size <= sideBySideAbove || other == nil || other.Kind != core.File || other.Size != e.Size || other.MD5.Known() {
		return 0
	}
	if prover != nil {
		if sizes := prover.PartSizes(*other); len(sizes) > 0 && e.Parts.PartSize != sizes[0] {
			return sizes[0]
		}
	}
	switch {
	case otherAsks:
		return 0
	case other.Parts.Count > 0:
		return other.Parts.PartSize
	}
	return sideBySidePart
}

// sideBySide is the number of files that are being hashed side by side.
var sideBySide atomic.Int64

// coresForEach returns how many parts of one file are worth hashing at once.
func coresForEach() int { return max(1, runtime.GOMAXPROCS(0)/int(max(1, sideBySide.Load()))) }

// hashSideBySide returns the hash of the parts of body, which has size bytes. It counts
// what it reads.
func hashSideBySide(ctx context.Context, body io.ReaderAt, size, part int64, count func(int)) (core.PartsHash, error) {
	sideBySide.Add(1)
	defer sideBySide.Add(-1)
	sums := make([]core.MD5, (size+part-1)/part)
	err := fanout.Each(ctx, len(sums), coresForEach, func(ctx context.Context, i int) error {
		h := &partsHasher{size: part, part: newMD5(), all: newMD5(), keep: true}
		if err := copyAt(ctx, h, body, int64(i)*part, min(int64(i+1)*part, size), count); err != nil {
			return err
		}
		h.sum()
		sums[i] = h.sums[0]
		return nil
	})
	if err != nil {
		return core.PartsHash{}, err
	}
	return core.HashParts(part, sums), nil
}

var atBuffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// copyAt writes the bytes of body from off to before end to w, in order.
func copyAt(ctx context.Context, w io.Writer, body io.ReaderAt, off, end int64, count func(int)) error {
	buf, _ := atBuffers.Get().(*[]byte)
	defer atBuffers.Put(buf)
	for off < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := (*buf)[:min(int64(len(*buf)), end-off)]
		n, err := body.ReadAt(b, off)
		count(n)
		if n < len(b) {
			if err == nil || cameToEnd(err) {
				err = fmt.Errorf("%w: it ends after %d bytes, where %d were announced", core.ErrChanged, off+int64(n), end)
			}
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// localParts is a body that can be read anywhere, for a destination that needs no md5
// of it. Its parts are copied side by side.
type localParts struct {
	*atTracker
	size  int64
	known core.PartsHash // of this version; a count of 0 if it is not known
}

var _ core.PartedBody = (*localParts)(nil)

// inParts returns b as a [core.PartedBody] if it is large and can be read anywhere, and
// neither its md5 is known nor dst wants one.
func inParts(b io.Reader, e *core.Entry, dst core.Tree) io.Reader {
	at, ok := b.(*atTracker)
	f := dst.Features()
	if !ok || e.MD5.Known() || e.Size <= sideBySideAbove || f.NeedsMD5 || f.StoresMD5 {
		return b
	}
	return &localParts{atTracker: at, size: e.Size, known: e.Parts}
}

// PartSize implements [core.PartedBody].
func (p *localParts) PartSize() int64 {
	if p.known.Count > 0 {
		return p.known.PartSize
	}
	return sideBySidePart
}

// PartsAtOnce implements [core.PartedBody].
func (p *localParts) PartsAtOnce() int { return coresForEach() }

// CopyPart implements [core.PartedBody].
func (p *localParts) CopyPart(ctx context.Context, i int, w io.Writer) error {
	off := int64(i) * p.PartSize()
	return copyAt(ctx, w, p, off, min(off+p.PartSize(), p.size), func(int) {})
}

// Confirm implements [core.PartedBody]. A directory stores no hash of a file: one that
// is remembered is compared.
func (p *localParts) Confirm(sums []core.MD5, _ func() (core.MD5, error)) (core.MD5, error) {
	if p.known.Count > 0 && core.HashParts(p.known.PartSize, sums) != p.known {
		return core.MD5{}, &readError{fmt.Errorf("%w: it has another content than when it was last read", core.ErrChanged)}
	}
	return core.MD5{}, nil
}
