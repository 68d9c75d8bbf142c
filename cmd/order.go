package cmd

import (
	"context"
	"iter"
	"sync"

	"github.com/s3fc/s3fc/core"
)

// done is an entry that was completed, or why it was not.
type done struct {
	entry core.Entry
	err   error
}

// inOrder yields the result of complete for each entry of seq, in the order of seq,
// with up to jobs calls at once. Errors of seq are yielded where they came. Nothing
// is left running when it ends.
func inOrder(ctx context.Context, jobs int, seq iter.Seq2[core.Entry, error], complete func(context.Context, core.Entry) (core.Entry, error)) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		queue := make(chan chan done, 4*jobs)
		slots := make(chan struct{}, jobs)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() {
			defer close(queue)
			for e, err := range seq {
				ch := make(chan done, 1)
				select {
				case queue <- ch:
				case <-ctx.Done():
					return
				}
				if err != nil {
					ch <- done{e, err}
					continue
				}
				slots <- struct{}{}
				wg.Go(func() {
					defer func() { <-slots }()
					e, err := complete(ctx, e)
					ch <- done{e, err}
				})
			}
		})
		for ch := range queue {
			if d := <-ch; !yield(d.entry, d.err) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(core.Entry{}, err)
		}
	}
}
