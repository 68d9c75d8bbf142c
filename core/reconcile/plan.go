package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// Totals counts a plan.
type Totals struct {
	Files, Links, Deletes            int64 // what is to be done
	Kept, Refused, Conflicts, Errors int64
	Bytes                            int64 // of the files to be put
	SrcEntries, DstEntries           int64 // files and links that each tree holds
	Need                             core.Requests
}

// count adds one action. The parts of a replacement count as what they are.
func (t *Totals) count(a Action) {
	switch a.Op {
	case OpKeep:
		if a.Src != nil && a.Src.Kind != core.Other || a.Dst != nil && a.Dst.Kind != core.Other {
			t.Kept++
		}
	case OpPut:
		t.countPut(a)
	case OpDelete:
		t.Deletes++
	case OpRefuse:
		t.Refused++
	case OpConflict:
		t.Conflicts++
	case OpFail:
		t.Errors++
	}
	if a.Src != nil && a.Src.Kind != core.Other {
		t.SrcEntries++
	}
	if a.Dst != nil && a.Dst.Kind != core.Other {
		t.DstEntries++
	}
}

func (t *Totals) countPut(a Action) {
	if a.Src.Kind == core.Link {
		t.Links++
		return
	}
	t.Files++
	t.Bytes += a.Src.Size
}

// A Plan is what a run is going to do, complete and counted, before its first
// write. It is held in memory to a point and then on disk. It is safe for
// concurrent reading.
type Plan struct {
	totals Totals
	acts   *spool.Spool[Action]
	has    [stages]bool
}

// stage is a part of the work of a plan. Plans are read once for each that they
// have: what is on disk has to be decoded.
type stage uint8

const (
	linkPuts stage = iota
	replacing
	deleting
	stages
)

// add appends an action to the plan.
func (p *Plan) add(a Action) error {
	switch {
	case a.replaces():
		p.has[replacing] = true
	case a.Op == OpDelete:
		p.has[deleting] = true
	case a.Op == OpPut && a.Src.Kind == core.Link:
		p.has[linkPuts] = true
	}
	return p.acts.Add(a)
}

// Totals returns the plan's counts.
func (p *Plan) Totals() Totals { return p.totals }

// All yields the actions, as often as wanted. Keep actions are among them only
// if Reconciler.Keeps was set.
func (p *Plan) All() iter.Seq2[Action, error] { return p.acts.All() }

// Close gives back what the plan takes.
func (p *Plan) Close() error { return p.acts.Close() }

// Prepare makes the whole plan. A listing that turns out to be out of order is
// sorted, and the plan made again, with one notice. The caller closes the plan.
func (r *Reconciler) Prepare(ctx context.Context) (*Plan, error) {
	for {
		p, err := r.prepare(ctx)
		var order *OrderError
		if !errors.As(err, &order) || !r.sortSide(order.Side) {
			return p, err
		}
		r.notice(order.notice())
	}
}

func (r *Reconciler) prepare(ctx context.Context) (*Plan, error) {
	p := &Plan{acts: spool.New[Action](r.TempDir, spoolBound)}
	costs := newCosts(r)
	for act, err := range r.Plan(ctx) {
		if err == nil {
			p.totals.count(act)
			costs.add(act)
			if act.Op != OpKeep || r.Keeps {
				err = p.add(act.clone())
			}
		}
		if err != nil {
			_ = p.acts.Close()
			return nil, err
		}
	}
	p.totals.Need = costs.total(p.totals.Deletes)
	return p, nil
}

// clone copies what an action points to, which is part of a listing's larger
// block of memory.
func (a Action) clone() Action {
	for _, e := range []**core.Entry{&a.Src, &a.Dst, &a.Obstacle} {
		if *e != nil {
			c := **e
			*e = &c
		}
	}
	return a
}

// costs adds up what a plan's actions need in requests.
type costs struct {
	*Reconciler
	src, dst, backup core.Coster
	sum              core.Requests
}

func newCosts(r *Reconciler) *costs {
	c := &costs{Reconciler: r}
	c.src, _ = core.As[core.Coster](r.Src)
	c.dst, _ = core.As[core.Coster](r.Dst)
	if r.Backup != nil {
		c.backup, _ = core.As[core.Coster](r.Backup)
	}
	return c
}

func (c *costs) add(a Action) {
	switch a.Op {
	case OpPut:
		c.sum = c.sum.Add(c.put(*a.Src))
		c.sum = c.sum.Add(c.save(a.Dst))
	case OpDelete:
		c.sum = c.sum.Add(c.save(a.Dst))
	}
}

// put is what putting e of the source at the destination needs.
func (c *costs) put(e core.Entry) core.Requests {
	if k, ok := copierFor(c.Dst, c.Src, e); ok {
		return k.CopyCost(e)
	}
	return transferCost(c.src, c.dst, e, e.Kind == core.File || c.Exact)
}

// save is what saving the entry e of the destination needs.
func (c *costs) save(e *core.Entry) core.Requests {
	if c.Backup == nil || e == nil {
		return core.Requests{}
	}
	if k, ok := copierFor(c.Backup, c.Dst, *e); ok {
		return k.CopyCost(*e)
	}
	return transferCost(c.dst, c.backup, *e, true)
}

// transferCost is what reading e, if it is opened, and putting it needs.
func transferCost(from, to core.Coster, e core.Entry, opened bool) (sum core.Requests) {
	if from != nil && opened {
		sum = from.OpenCost(e)
	}
	if to != nil {
		sum = sum.Add(to.PutCost(e))
	}
	return sum
}

func (c *costs) total(deletes int64) core.Requests {
	if c.dst == nil {
		return c.sum
	}
	return c.sum.Add(c.dst.DeleteCost(deletes))
}

// Guard says whether a plan may be carried out, before its first write. The
// error is [core.ErrEmptySource], [core.ErrTooManyDeletes] or [core.ErrBudget], with the
// figures and the flag that lifts the guard. A plan with errors deletes
// nothing, so that the guards on deletes do not apply to it.
func (r *Reconciler) Guard(p *Plan) error {
	t := p.totals
	if t.Errors == 0 {
		if err := r.guardDeletes(t); err != nil {
			return err
		}
	}
	if left := r.Budget; left != nil && t.Need.Total() > left.Left() {
		return fmt.Errorf("%w: this run needs %d more (%s), and %d of %d are left; allow more with --max-requests",
			core.ErrBudget, t.Need.Total(), t.Need, left.Left(), left.Limit())
	}
	return nil
}

func (r *Reconciler) guardDeletes(t Totals) error {
	empty := t.SrcEntries == 0 && t.Deletes > 0
	switch {
	case empty && !r.AllowEmptySource:
		return fmt.Errorf("%w: all of the destination's %d entries would be deleted; allow it with --allow-empty-source, or use --delete=never",
			core.ErrEmptySource, t.Deletes)
	case empty && !r.MaxDelete.set:
		return nil
	case r.MaxDelete.allows(t.Deletes, t.DstEntries):
		return nil
	}
	limit := "by default not all, and not more than half if that is more than 100"
	if r.MaxDelete.set {
		limit = "--max-delete " + r.MaxDelete.String()
	}
	return fmt.Errorf("%w: %d of the destination's %d entries would be deleted (limit: %s); allow it with --max-delete %d, or use --delete=never",
		core.ErrTooManyDeletes, t.Deletes, t.DstEntries, limit, t.Deletes)
}
