package s3

import (
	"fmt"

	"github.com/s3fc/s3fc/core"
)

var (
	_ core.Checker = (*Tree)(nil)
	_ core.Coster  = (*Tree)(nil)

	_ core.Partitioner = (*Tree)(nil)
)

// PartSize implements [core.Partitioner].
func (t *Tree) PartSize(size int64) int64 {
	if size <= singleMax {
		return 0
	}
	return partSize(size)
}

// CheckPut implements [core.Checker].
func (t *Tree) CheckPut(e core.Entry) error {
	if e.Kind == core.Other {
		return fmt.Errorf("%w: the entry is neither a file nor a link", core.ErrUnsupportedKey)
	}
	f := t.Features()
	f.MaxTarget = 0 // by encoded bytes, below
	if err := f.CheckPut(e); err != nil {
		return err
	}
	if e.Kind == core.Link {
		return t.checkTarget(e.Target)
	}
	return nil
}

// checkTarget reports whether the redirect to target can be written.
func (t *Tree) checkTarget(target core.Target) error {
	if t.express {
		return fmt.Errorf("%w: a directory bucket holds no redirects", core.ErrUnsupportedLink)
	}
	n := len(formatLocation(t.prefix, target))
	if n > maxLocation {
		return fmt.Errorf("%w: its redirect would be %d bytes long when percent-encoded, and %d is the longest in S3",
			core.ErrUnsupportedLink, n, maxLocation)
	}
	if n > maxTargetMeta && !t.store.keepsRedirects() {
		return errNoRedirect
	}
	return nil
}

// errNoRedirect refuses a link that only the redirect could hold, in a store
// that keeps none.
var errNoRedirect = fmt.Errorf("%w: this store keeps no redirects, and without one a target has %d bytes at most when percent-encoded",
	core.ErrUnsupportedLink, maxTargetMeta)

// PutCost implements [core.Coster]: one PUT, or for a large file one a part and
// two more.
func (t *Tree) PutCost(e core.Entry) core.Requests {
	var r core.Requests
	r[core.ClassPut] = 1
	if e.Kind == core.File && e.Size > singleMax {
		r[core.ClassPut] = countParts(e.Size, partSize(e.Size)) + 2
	}
	return r
}

// OpenCost implements [core.Coster]: one GET, or for a large file one a range.
func (t *Tree) OpenCost(e core.Entry) core.Requests {
	var r core.Requests
	r[core.ClassGet] = 1
	if e.Kind == core.File {
		r[core.ClassGet] = t.ranges.count(e.Size)
	}
	return r
}

// DeleteCost implements [core.Coster].
func (t *Tree) DeleteCost(n int64) core.Requests {
	var r core.Requests
	size := int64(t.BatchSize())
	r[core.ClassDelete] = (n + size - 1) / size
	return r
}
