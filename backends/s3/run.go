package s3

import (
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
)

// run is what one run has done once, beside what was learnt of the store. It is
// safe for concurrent use.
type run struct {
	mu         sync.Mutex
	linkLooked bool // the first link written was, or is being, read back
}

// claimFirstLink reports, to one caller in a run, that it wrote the first link.
func (r *run) claimFirstLink() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.linkLooked
	r.linkLooked = true
	return first
}

// next begins the next run.
func (r *run) next() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.linkLooked = false
}

// keepsRedirects reports whether the store is still believed to keep them.
func (t *Tree) keepsRedirects() bool {
	return t.can.Has(ability.Redirects) && t.can.Has(ability.KeptRedirects)
}
