package s3

import (
	"fmt"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/core"
)

var (
	_ core.Checker       = (*Tree)(nil)
	_ core.Coster        = (*Tree)(nil)
	_ core.Prover        = (*Tree)(nil)
	_ core.Fingerprinter = (*Tree)(nil)
	_ core.Partitioner   = (*Tree)(nil)
)

// proofs is the part of a tree that compares and estimates without a request.
type proofs struct {
	layout format.Layout
	can    *ability.Set // the abilities that the store is known to have
}

// Fingerprint implements [core.Fingerprinter].
func (p proofs) Fingerprint(have core.Entry) string { return p.layout.Fingerprint(have) }

// PartSizes implements [core.Prover].
func (p proofs) PartSizes(have core.Entry) []int64 { return p.layout.PartSizes(have) }

// Proves implements [core.Prover].
func (p proofs) Proves(have core.Entry, ev core.Evidence) bool {
	if ev.Kind == core.Link && p.checkTarget(ev.Target) != nil {
		return false
	}
	return p.layout.Proves(have, ev)
}

// PartSize implements [core.Partitioner].
func (proofs) PartSize(size int64) int64 {
	if size <= format.SingleMax {
		return 0
	}
	return format.PartSize(size)
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
	if t.can.Denied(ability.DotSegments) {
		if err := checkSegments(e.Key); err != nil {
			return err
		}
	}
	if e.Kind == core.Link {
		return t.checkTarget(e.Target)
	}
	return nil
}

// checkTarget reports whether the redirect to target can be written.
func (p proofs) checkTarget(target core.Target) error {
	if err := p.layout.CheckTarget(target); err != nil {
		return err
	}
	if len(format.Location(p.layout.Prefix, target)) > objects.MaxMetaTarget(p.can) && !keepsRedirects(p.can) {
		return objects.ErrNoRedirect(p.can)
	}
	return nil
}

// PutCost implements [core.Coster]: one PUT, or for a large file one a part and
// two more. A look for conflicts costs a HEAD for each directory and a LIST.
func (p proofs) PutCost(e core.Entry) core.Requests {
	var r core.Requests
	if p.can.Denied(ability.PathConflicts) {
		r[core.ClassHead], r[core.ClassList] = int64(strings.Count(e.Key, "/")), 1
	}
	r[core.ClassPut] = 1
	if e.Kind == core.File && e.Size > format.SingleMax {
		r[core.ClassPut] = format.CountParts(e.Size, format.PartSize(e.Size)) + 2
	}
	return r
}

// OpenCost implements [core.Coster]: one GET, or for a large file one a range.
func (t *Tree) OpenCost(e core.Entry) core.Requests {
	var r core.Requests
	r[core.ClassGet] = 1
	if e.Kind == core.File {
		r[core.ClassGet] = t.opener.Rule.Count(e.Size)
	}
	return r
}

// DeleteCost implements [core.Coster]: without conditional deletes, each object is
// asked for first.
func (t *Tree) DeleteCost(n int64) core.Requests {
	var r core.Requests
	if n == 0 {
		return r
	}
	if !t.can.Has(ability.DeleteConditions) {
		r[core.ClassHead] = n
	}
	size := int64(t.BatchSize())
	r[core.ClassDelete] = (n + size - 1) / size
	return r
}
