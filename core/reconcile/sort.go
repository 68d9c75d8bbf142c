package reconcile

import (
	"cmp"
	"context"
	"iter"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/sortedrun"
)

// sortBound is how many entries of an unordered listing are sorted in memory at
// once.
const sortBound = 50_000

// sorted returns a Lister that yields the entries of list in key order, after the
// errors of single keys. An entry that the listing repeats is yielded once.
func sorted(list Lister, dir string, bound int) Lister {
	return func(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			s := sortedrun.New(func(a, b *core.Entry) int { return cmp.Compare(a.Key, b.Key) }, dir, bound)
			defer s.Close()
			for e, err := range list(ctx, after) {
				if err != nil {
					if _, keyed := core.ErrorKey(err); !yield(e, err) || !keyed {
						return
					}
					continue
				}
				if err := s.Add(e); err != nil {
					yield(core.Entry{}, err)
					return
				}
			}
			if err := ctx.Err(); err != nil {
				yield(core.Entry{}, err)
				return
			}
			s.All()(yield)
		}
	}
}
