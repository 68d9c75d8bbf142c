// Package inorder works on the items of a listing, several at once, and keeps their
// order.
package inorder

import (
	"context"
	"iter"
	"sync"
)

// result is the result of one item, or the reason why there is none.
type result[Out any] struct {
	out Out
	err error
}

// Map yields the result of complete for each item of seq, in the order of seq, with up
// to jobs of them at work at once. Errors of seq are yielded where they came. Nothing
// is left running when it ends.
func Map[In, Out any](ctx context.Context, jobs int, seq iter.Seq2[In, error], complete func(context.Context, In) (Out, error)) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		queue := make(chan chan result[Out], 4*jobs)
		busy := make(chan struct{}, jobs)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() {
			defer close(queue)
			for in, err := range seq {
				ch := make(chan result[Out], 1)
				select {
				case queue <- ch:
				case <-ctx.Done():
					return
				}
				if err != nil {
					ch <- result[Out]{err: err}
					continue
				}
				busy <- struct{}{}
				wg.Go(func() {
					defer func() { <-busy }()
					out, err := complete(ctx, in)
					ch <- result[Out]{out, err}
				})
			}
		})
		for ch := range queue {
			if r := <-ch; !yield(r.out, r.err) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			var none Out
			yield(none, err)
		}
	}
}
