package reconcile

import (
	"context"
	"crypto/md5" //nolint:gosec // See MD5.
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/fanout"
)

// provable reports whether e's facts can prove have: an entry listed as a file may
// be anything, but a link is no file. A link that cannot be copied, as one into a
// ring, can still be the wanted one.
func provable(e, have *core.Entry) bool {
	return have.Kind == core.File || e.Kind == core.Link && !errors.Is(have.Problem, core.ErrExcluded)
}

// evidence returns the facts of e for a proof. The target's kind is left out if its
// side does not store it.
func evidence(e *core.Entry, head []byte, knowsDir bool) core.Evidence {
	ev := core.Evidence{Kind: e.Kind, Size: e.Size, MD5: e.MD5, Head: head, Target: e.Target}
	if e.Parts.Count > 0 {
		ev.Parts = []core.PartsHash{e.Parts}
	}
	if !knowsDir {
		ev.Target.Dir = core.DirUnknown
	}
	return ev
}

// hashEntry reads the file e of t and returns the entry that was read, with its
// md5, with the hash of parts by which prover (the other tree's; nil for none)
// proves other, and with its content if that is short. m remembers it. If part is not
// 0 and the file can be read anywhere, the hash of parts of this size in bytes stands
// for the md5.
func hashEntry(ctx context.Context, t core.Tree, e *core.Entry, prover core.Prover, other *core.Entry, m core.Rememberer, part int64) (*core.Entry, []byte, error) {
	if e.Size == 0 && !e.MaybeLink {
		got := *e
		got.MD5 = core.SumMD5(nil)
		return &got, []byte{}, nil
	}
	ctx, done := watchFile(ctx, e)
	defer done()
	body, got, err := t.Open(core.WithSizeHint(ctx, e.Size), e.Key)
	if err != nil {
		return e, nil, err
	}
	got.Partial, got.MaybeLink = false, false
	if body == nil {
		return &got, nil, nil
	}
	if at, ok := body.(io.ReaderAt); ok && part > 0 && got.Size == e.Size {
		got.Parts, err = hashSideBySide(ctx, at, got.Size, part, countHashed(ctx))
		if err = errors.Join(err, body.Close()); err != nil {
			return e, nil, err
		}
		remember(m, &got)
		return &got, nil, nil
	}
	var sizes []int64
	if prover != nil && other != nil && other.Kind == core.File {
		sizes = prover.PartSizes(*other)
	}
	if len(sizes) == 0 && part > 0 {
		sizes = []int64{part}
	}
	seen, err := hashBody(ctx, body, got.Size, sizes)
	unchanged := body.Close() == nil
	if err != nil {
		return e, nil, err
	}
	got.MD5, got.Parts = seen.MD5, proving(seen, prover, other)
	if unchanged {
		remember(m, &got)
	}
	return &got, seen.Head, nil
}

// proving returns the parts hash that proves other's content.
func proving(ev core.Evidence, prover core.Prover, other *core.Entry) core.PartsHash {
	ev.Kind = core.File
	if len(ev.Parts) > 0 && other != nil && other.Parts.PartSize == ev.Parts[0].PartSize {
		return ev.Parts[0]
	}
	if prover == nil {
		return core.PartsHash{}
	}
	for _, p := range ev.Parts {
		if ev.Parts = []core.PartsHash{p}; prover.Proves(*other, ev) {
			return p
		}
	}
	return core.PartsHash{}
}

// hashBody reads body to its end, which is to come after size bytes.
func hashBody(ctx context.Context, body io.Reader, size int64, partSizes []int64) (core.Evidence, error) {
	whole := newMD5()
	writers := []io.Writer{whole}
	parts := make([]*partsHasher, len(partSizes))
	for i, p := range partSizes {
		parts[i] = &partsHasher{size: p, part: newMD5(), all: newMD5()}
		writers = append(writers, parts[i])
	}
	var head *contentWriter
	if size <= core.HeadSize {
		head = &contentWriter{}
		writers = append(writers, head)
	}
	if err := hashInto(ctx, body, size, writers); err != nil {
		return core.Evidence{}, err
	}
	seen := core.Evidence{Size: size, MD5: sumOf(whole)}
	if head != nil {
		seen.Head = head.b
	}
	for _, p := range parts {
		seen.Parts = append(seen.Parts, p.sum())
	}
	return seen, nil
}

// hashInto reads body to its end, which is to come after size bytes, into all
// writers. md5 is slower than whatever it is fed from: above smallFile, each
// writer has a goroutine.
func hashInto(ctx context.Context, body io.Reader, size int64, writers []io.Writer) error {
	copyTo := fanout.CopySerial
	if size > core.SmallFile {
		copyTo = fanout.Copy
	}
	n, err := copyTo(&contextReader{ctx, body, countHashed(ctx)}, writers...)
	if err == nil && n != size {
		err = fmt.Errorf("%w: %d bytes were read where %d were announced", core.ErrChanged, n, size)
	}
	return err
}

func newMD5() hash.Hash { return md5.New() } //nolint:gosec // See MD5.

func sumOf(h hash.Hash) core.MD5 { return core.MD5Of([md5.Size]byte(h.Sum(nil))) }

// contextReader ends reading when its context does, and counts the bytes.
type contextReader struct {
	ctx   context.Context //nolint:containedctx // It lives as long as one read of a body.
	r     io.Reader
	count func(int)
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.count(n)
	return n, err
}

type contentWriter struct{ b []byte }

func (h *contentWriter) Write(p []byte) (int, error) {
	h.b = append(h.b, p...)
	return len(p), nil
}

// partsHasher computes the md5 of the md5s of parts of one size.
type partsHasher struct {
	size, filled int64
	count        int
	part, all    hash.Hash
	keep         bool
	sums         []core.MD5 // of each part, if they are to be kept
}

func (h *partsHasher) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(int64(len(p)), h.size-h.filled)
		h.part.Write(p[:k])
		h.filled += k
		p = p[k:]
		if h.filled == h.size {
			h.endPart()
		}
	}
	return n, nil
}

func (h *partsHasher) endPart() {
	sum := sumOf(h.part)
	if h.keep {
		h.sums = append(h.sums, sum)
	}
	b := sum.Sum()
	h.all.Write(b[:])
	h.part.Reset()
	h.filled = 0
	h.count++
}

func (h *partsHasher) sum() core.PartsHash {
	if h.filled > 0 {
		h.endPart()
	}
	return core.PartsHash{PartSize: h.size, Count: h.count, MD5: sumOf(h.all)}
}
