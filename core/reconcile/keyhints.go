package reconcile

import (
	"context"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// hinted returns the listing of one side with the hint that the other side has the
// same keys, if the other side can name its keys. A destination's entry that the
// listing leaves out is not lost, because a Put fails if it finds more than it
// expects (harmless); a source's would be deleted from the destination.
func hinted(list Lister, other core.Tree, harmless bool) Lister {
	k, ok := core.As[core.KeyLister](other)
	if !ok {
		return list
	}
	return func(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
		return list(core.WithKeyHint(ctx, core.KeyHint{Keys: k.Keys(ctx), Harmless: harmless}), after)
	}
}
