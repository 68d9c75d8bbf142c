package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/spool"
)

// maxStale is how many entries of a destination may have changed since a plan
// was made for the rest of it to be worth carrying out.
const maxStale = 10_000

// Recheck lists the destination's range once more and compares it with the plan, so
// that a saved plan is safe also in stores that ignore the conditions of a write.
// Actions whose outcome is there already leave the plan: an earlier attempt carried
// them out. Their entries count as kept. The puts and deletes at keys where
// something else is by now will fail in Apply as if the store had refused them. An
// error says that nothing of the plan is to be carried out: the destination cannot
// be listed, or it is hardly the one that the plan was made for. Nobody else may
// use the plan meanwhile.
func (r *Reconciler) Recheck(ctx context.Context, p *Plan) error {
	err := r.recheck(ctx, p)
	var order *OrderError
	if errors.As(err, &order) && r.sortSide(order.Side) {
		err = r.recheck(ctx, p)
	}
	return err
}

func (r *Reconciler) recheck(ctx context.Context, p *Plan) error {
	c := &rechecker{asker: r.asker(), stale: newKeySet(), plan: newNumbered(p, r.TempDir)}
	defer c.plan.close()
	if err := c.plan.sort(); err != nil {
		return err
	}
	dst := Lister(wrap.Range(r.Dst, c.plan.after(), c.plan.last).List)
	switch {
	case c.plan.first == "":
		return nil // nothing of the destination is to be changed
	case r.sortDst || r.Dst.Features().Unordered:
		dst = sorted(r.Dst.List, r.TempDir, sortBound)
	}
	for pair, err := range Join(ctx, c.plan.list, dst) {
		switch {
		case err != nil:
			return err
		case pair.Err != nil:
			return pair.Err
		case pair.Src == nil:
			continue
		}
		if err := c.check(ctx, c.plan.take(), pair.Dst); err != nil {
			return err
		}
	}
	c.stale.freeze()
	r.stale = c.stale
	return r.dropDone(p, &c.done)
}

// rechecker sorts the actions of a plan by the destination's present state.
type rechecker struct {
	asker   *asker
	plan    *numberedActions
	stale   *keySet // something else is there, or it is not known whether it is
	changed int     // something else is there
	done    bitset  // the outcome is there; by the action's place in the plan
}

// check looks at one action, and at the entry of the destination at its key, nil
// for none. The error says that too much has changed.
func (c *rechecker) check(ctx context.Context, n numbered, now *core.Entry) error {
	act := n.Act
	if asPlanned(act, now) {
		return nil
	}
	switch c.outcome(ctx, act, now) {
	case outcomeThere:
		c.done.set(n.Place)
		return nil
	case outcomeAbsent:
		c.changed++
	}
	c.stale.add(act.Key)
	if c.changed > maxStale {
		return fmt.Errorf("%w: more than %d entries of the destination are not as planned: make the plan again", core.ErrChanged, maxStale)
	}
	return nil
}

// asPlanned reports whether now is the entry that the plan saw at the action's key.
func asPlanned(act Action, now *core.Entry) bool {
	switch want := act.Dst; {
	case want == nil || now == nil:
		return want == nil && now == nil
	case want.Token != "" && now.Token != "":
		return want.Token == now.Token
	default:
		return want.Size == now.Size && (want.Kind == now.Kind || now.MaybeLink)
	}
}

// plannedOutcome says whether an action was carried out already.
type plannedOutcome uint8

const (
	outcomeUnknown plannedOutcome = iota // a request would tell
	outcomeThere
	outcomeAbsent
)

// outcome finds out, without a request, whether the outcome of an action is there.
// Reading a file of a side that has no requests is allowed: to carry the action out
// would take that, too.
func (c *rechecker) outcome(ctx context.Context, act Action, now *core.Entry) plannedOutcome {
	switch {
	case act.Op == OpDelete && now == nil:
		return outcomeThere
	case act.Op == OpDelete || now == nil || now.Kind == core.Other:
		return outcomeAbsent
	}
	q := c.asker.newFacts(act.Src, now)
	for {
		d := decide(q.src, q.dst, c.asker.proven(&q), c.asker.rules)
		switch {
		case d.need == nothing && d.op == OpKeep:
			return outcomeThere
		case d.need == nothing:
			return outcomeAbsent
		case d.need != hashSrc && d.need != hashDst:
			return outcomeUnknown
		}
		if _, failed := c.asker.fetch(ctx, act.Key, d.need, &q); failed || q.src == nil || !sameVersion(act.Src, q.src) {
			return outcomeUnknown // carrying it out reports the failure
		}
	}
}

// dropDone removes the actions of a plan that were carried out already, by their
// places, and counts the entries that they put as kept.
func (r *Reconciler) dropDone(p *Plan, done *bitset) error {
	if done.count == 0 {
		return nil
	}
	rest, costs := &Plan{acts: spool.New[Action](r.TempDir, spoolBound)}, newCosts(r)
	totals := p.totals
	place := int64(-1)
	for act, err := range p.All() {
		place++
		if err == nil && done.has(place) {
			totals.dropDone(act)
			act = act.asKept()
		}
		if err == nil && (act.Op != OpKeep || r.Keeps && act.Src != nil) {
			costs.add(act)
			err = rest.add(act)
		}
		if err != nil {
			_ = rest.Close() // it is not used
			return err
		}
	}
	totals.Need = costs.total(totals.Deletes)
	err := p.acts.Close()
	p.totals, p.acts, p.has = totals, rest.acts, rest.has
	return err
}

// asKept is the outcome of an action that was carried out already.
func (a Action) asKept() Action {
	return Action{Op: OpKeep, Key: a.Key, Reason: ReasonSame, Src: a.Src}
}

// dropDone takes an action that was carried out already off the totals.
func (t *Totals) dropDone(act Action) {
	var was Totals
	was.count(act)
	t.Files -= was.Files
	t.Links -= was.Links
	t.Headers -= was.Headers
	t.Deletes -= was.Deletes
	t.Bytes -= was.Bytes
	t.Kept += was.Files + was.Links + was.Headers
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
