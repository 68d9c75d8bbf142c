package fanout

import (
	"context"
	"sync"
)

// Each calls do for each i below n, beginning in order, and waits for all calls. It
// begins another while fewer than atOnce() are under way, and one in any case. The
// first error ends the context of the others and is returned; none begins after it.
func Each(ctx context.Context, n int, atOnce func() int, do func(ctx context.Context, i int) error) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var wg sync.WaitGroup
	ended := make(chan struct{}, n)
	running := 0
	for i := range n {
		for running > 0 && running >= atOnce() {
			<-ended
			running--
		}
		if ctx.Err() != nil {
			break
		}
		running++
		wg.Go(func() {
			defer func() { ended <- struct{}{} }()
			if err := do(ctx, i); err != nil {
				fail(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
