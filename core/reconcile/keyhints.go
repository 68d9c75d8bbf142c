package reconcile

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// hintSource is the listing of a source with the hint that the destination has
// the same keys. An entry that such a listing leaves out would be deleted from
// the destination; so it is harmless only once none shows that there is nothing
// to delete.
func hintSource(list Lister, dst core.Tree, none *atomic.Bool) Lister {
	return hinted(list, dst, none.Load)
}

// hintDestination is the listing of a destination with the hint that the source
// has the same keys. A Put says what it expects to be there, and fails if that
// is not so: an entry that is left out is not lost.
func hintDestination(list Lister, src core.Tree) Lister {
	return hinted(list, src, func() bool { return true })
}

func hinted(list Lister, other core.Tree, harmless func() bool) Lister {
	return func(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
		h := core.KeyHint{Harmless: harmless}
		if k, ok := core.As[core.KeyLister](other); ok {
			h.Keys = k.Keys(ctx)
		}
		return list(core.WithKeyHint(ctx, h), after)
	}
}

// noteEmpty is list, which sets none if it ends without an entry or an error.
func noteEmpty(list Lister, none *atomic.Bool) Lister {
	return func(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			some := false
			for e, err := range list(ctx, after) {
				some = true
				if !yield(e, err) {
					return
				}
			}
			none.Store(!some)
		}
	}
}
