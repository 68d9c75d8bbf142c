package reconcile

import (
	"context"
	"io"

	"github.com/s3fc/s3fc/core"
)

// bodyWithSums is a body whose parts are known.
type bodyWithSums struct {
	*atTracker
	size int64
	sums []core.MD5
}

// PartSums implements [core.PartSums].
func (k *bodyWithSums) PartSums() (partSize int64, sums []core.MD5) { return k.size, k.sums }

// partSums has the md5s of a body's parts, from the read that made its md5.
type partSums struct {
	size int64
	sums []core.MD5
}

// body returns b with the md5s of its parts, if they can be used.
func (p partSums) body(b io.Reader) io.Reader {
	if at, ok := b.(*atTracker); ok && p.size > 0 {
		return &bodyWithSums{atTracker: at, size: p.size, sums: p.sums}
	}
	return b
}

// hashParts reads body to its end, which is to come after size bytes. It
// returns its md5, and those of the parts in which dst stores it.
func hashParts(ctx context.Context, body io.Reader, size int64, dst core.Tree) (core.MD5, partSums, error) {
	whole := newMD5()
	writers := []io.Writer{whole}
	seen := partSums{}
	if p, ok := core.As[core.Partitioner](dst); ok {
		seen.size = p.PartSize(size)
	}
	parts := &partsHasher{size: seen.size, part: newMD5(), all: newMD5(), keep: true}
	if seen.size > 0 {
		writers = append(writers, parts)
	}
	if err := hashInto(ctx, body, size, writers); err != nil {
		return core.MD5{}, seen, err
	}
	if seen.size > 0 {
		parts.sum()
		seen.sums = parts.sums
	}
	return sumOf(whole), seen, nil
}
