package reconcile

import (
	"context"
	"runtime"
)

// hashTurns lets a few large files of this machine be hashed at once, in the order in
// which they come: two cores hash one file, so that the first is sent while the next is
// hashed. All at once would share the cores, and nothing would be sent for long. A nil
// hashTurns lets all begin.
type hashTurns chan struct{}

func newHashTurns() hashTurns { return make(hashTurns, max(1, runtime.GOMAXPROCS(0)/2)) }

// begin waits for a turn, which done ends.
func (t hashTurns) begin(ctx context.Context) (done func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
