package reconcile

import (
	"context"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// plannedLink reports whether the source still has the link that was planned,
// where the run is exact; if not, the outcome is why.
func (t *mover) plannedLink(ctx context.Context, act Action) (outcome Action, ok bool) {
	if !t.exact {
		return act, true
	}
	src, err := complete(ctx, t.src, act.Key)
	switch {
	case err != nil:
		return failure(act, ReasonRead, err), false
	case src == nil:
		return failure(act, ReasonChanged, fmt.Errorf("%w: the planned link is gone", core.ErrChanged)), false
	case src.Kind != core.Link || src.Target != act.Src.Target:
		return failure(act, ReasonChanged, fmt.Errorf("%w: it is not the planned link", core.ErrChanged)), false
	}
	return act, true
}

// putLink carries out the put of a link.
func (t *mover) putLink(ctx context.Context, act Action) Action {
	e := *act.Src
	e.Partial = false
	for try := 1; ; try++ {
		_, err := t.dst.Put(ctx, e, nil, act.Dst)
		switch {
		case err == nil:
			return act
		case core.IsTransient(err) && try < transferTries && pause(ctx, try):
		default:
			return t.putError(ctx, act, err)
		}
	}
}
