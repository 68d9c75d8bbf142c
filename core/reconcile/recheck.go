package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// maxStale is how many entries of a destination may have changed since a plan
// was made for the rest of it to be worth carrying out.
const maxStale = 10_000

// Recheck lists the destination once more and holds it against what a plan
// saw there, so that a saved plan is safe also in stores that ignore the
// conditions of a write. The puts and deletes at keys where something else is
// by now will fail in Apply as if the store had refused them. An error says
// that nothing of the plan is to be carried out: the destination cannot be
// listed, or it is hardly the one that the plan was made for.
func (r *Reconciler) Recheck(ctx context.Context, p *Plan) error {
	err := r.recheck(ctx, p)
	var order *OrderError
	if errors.As(err, &order) && r.sortSide(order.Side) {
		err = r.recheck(ctx, p)
	}
	return err
}

func (r *Reconciler) recheck(ctx context.Context, p *Plan) error {
	dst := Lister(r.Dst.List)
	if r.sortDst || r.Dst.Features().Unordered {
		dst = sorted(dst, r.TempDir, sortBound)
	}
	r.stale = make(map[string]struct{})
	for pair, err := range Join(ctx, sorted(p.expected, r.TempDir, sortBound), dst) {
		switch {
		case err != nil:
			return err
		case pair.Err != nil:
			return pair.Err
		case pair.Src == nil || asExpected(pair.Src, pair.Dst):
			continue
		}
		if r.stale[pair.Key] = struct{}{}; len(r.stale) > maxStale {
			return fmt.Errorf("%w: more than %d entries of the destination are not what the plan saw: make the plan again", core.ErrChanged, maxStale)
		}
	}
	return nil
}

// expected yields what the plan saw at each key of the destination that it
// changes. Other stands for nothing at all, and Partial for what is to be
// deleted.
func (p *Plan) expected(context.Context, string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for act, err := range p.All() {
			e := core.Entry{Key: act.Key}
			switch {
			case err != nil:
				yield(e, err)
				return
			case act.Op != OpPut && act.Op != OpDelete:
				continue
			case act.Dst != nil:
				e = core.Entry{Key: act.Key, Kind: act.Dst.Kind, Size: act.Dst.Size, Token: act.Dst.Token, Partial: act.Op == OpDelete}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// asExpected reports whether now is what a plan saw. What was to be deleted
// and is gone is no change that matters.
func asExpected(want, now *core.Entry) bool {
	switch {
	case now == nil:
		return want.Kind == core.Other || want.Partial
	case want.Kind == core.Other:
		return false
	case want.Token != "" && now.Token != "":
		return want.Token == now.Token
	}
	return want.Size == now.Size && (want.Kind == now.Kind || now.MaybeLink)
}

// sortSide makes the next listing of a side be sorted; false means that it was
// already.
func (r *Reconciler) sortSide(side Side) bool {
	sort := &r.sortSrc
	if side == SideDestination {
		sort = &r.sortDst
	}
	was := *sort
	*sort = true
	return !was
}

func (e *OrderError) notice() string {
	return fmt.Sprintf("The %s lists out of key order (%s after %s): it is sorted first.",
		e.Side, core.DisplayKey(e.Next), core.DisplayKey(e.Prev))
}
