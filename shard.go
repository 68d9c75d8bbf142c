package s3fc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
)

// A KeyRange is a range of keys: those that follow After, up to and with Last. An
// empty Last is no end.
type KeyRange struct{ After, Last string }

// inRange returns the source for the reconciler.
func (r *run) inRange(t core.Tree) core.Tree {
	if r.o.Range == nil {
		return t
	}
	b, ok := t.(core.Backend)
	if !ok {
		b = wrap.ReadOnly(t)
	}
	return wrap.Range(b, r.o.Range.After, r.o.Range.Last)
}

// Trees returns the two trees of the plan as a saved plan names them.
func (c *Changes) Trees() (src, dst reconcile.PlanTree) {
	return c.run.src.planTree(), c.run.dst.planTree()
}

// Sides returns the two trees of the plan, to be read only. They are open until the
// Changes are closed.
func (c *Changes) Sides() (src, dst core.Tree) { return c.run.src.tree, c.run.dst.tree }

// SaveShard is [Changes.Save] for the plan of one shard of a divided run, made with
// Options.Range. Guards do not keep it from being saved: they are for the sum of all
// shards. SaveShard fills in the requests that each phase needs.
func (c *Changes) SaveShard(w io.Writer, program string, s reconcile.PlanShard) error {
	if errors.Is(c.stopped, ErrMarkedRelease) {
		return c.stopped // one shard is enough to tell
	}
	s.Need = make(map[string]int64)
	for p := reconcile.PhaseListing + 1; p <= reconcile.PhaseDeletes; p++ {
		need, err := c.run.needOf(c.plan, p)
		if err != nil {
			return err
		}
		s.Need[p.String()] = need
	}
	return c.save(w, program, &s)
}

// extraRequests is the number of requests that a phase may send beyond those for its
// listing and its actions: a question about the first link that it wrote.
const extraRequests = 1

// needOf returns the requests that a phase needs, with those for the listing that
// precedes it; none for a phase without actions.
func (r *run) needOf(p *reconcile.Plan, phase reconcile.Phase) (need int64, err error) {
	only, err := r.rec.Only(p, phase)
	if err != nil {
		return 0, err
	}
	for range only.All() { //nolint:errcheck // Reading back fails when the plan is applied.
		t := only.Totals()
		need = t.Need.Total() + t.DstEntries/1000 + 2 + extraRequests
		break
	}
	if need > 0 && !r.o.DeleteReleases {
		var asked []deletedRelease
		asked, err = r.releasesOf(only)
		need += 2 * int64(len(asked)) // a link is asked for, too, and then its release
	}
	return need, errors.Join(err, only.Close())
}

// All yields the actions of the plan; see [reconcile.Plan.All].
func (p *SavedPlan) All() iter.Seq2[Action, error] { return p.plan.All() }

// Empty reports whether the plan has no actions of a phase.
func (p *SavedPlan) Empty(phase reconcile.Phase) (bool, error) {
	for act, err := range p.plan.All() {
		if err != nil || act.Phase() == phase {
			return false, err
		}
	}
	return true, nil
}

// OpenPhase is [SavedPlan.Open] for the plan of a shard, of which [Apply] carries out
// one phase only. The guards on the number of deletes are not asked: they passed on the
// sum of all shards. Options.MaxRequests is the limit of this phase.
func (p *SavedPlan) OpenPhase(ctx context.Context, mux *core.Mux, phase reconcile.Phase, o Options) (*Changes, error) {
	s := p.Header.Shard
	if s == nil {
		return nil, errors.Join(fmt.Errorf("%w: it is no plan of a shard", reconcile.ErrPlanFile), p.Close())
	}
	o.Range = &KeyRange{s.After, s.Last}
	r, err := p.run(mux, "", "", o)
	if err == nil {
		err = r.open(ctx, true)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	only, err := r.rec.Only(p.plan, phase)
	if err != nil {
		return nil, errors.Join(err, p.Close(), r.close())
	}
	err = p.Close()
	p.plan = only
	if err == nil {
		err = p.check(ctx, r)
	}
	if err != nil {
		return nil, errors.Join(err, only.Close(), r.close())
	}
	c := &Changes{run: r, plan: only, stopped: r.rec.GuardTotals(reconcile.Totals{Need: only.Totals().Need})}
	if err := c.guardReleases(ctx); err != nil { // one may have been marked since the plan was made
		return nil, err
	}
	return c, nil
}

// An End is the outcome of a divided run's last steps.
type End struct {
	Notes    []string // remarks for the user, one sentence each
	Dirs     int64    // empty directories that were removed
	Requests core.Requests
	Cost     Estimate // of Requests
}

// FinishURL takes the last steps of a run that was divided: those that a destination
// takes once, after its last write. Options.Event gets the empty directories that it
// removes.
func FinishURL(ctx context.Context, mux *core.Mux, src, dst string, o Options, done core.Done) (end End, err error) {
	r, err := newURLRun(o, mux, src, dst)
	if err != nil {
		return end, err
	}
	if err := r.open(ctx, true); err != nil {
		return end, err
	}
	if done.Deletes && r.dst.dirs { // any other store would be listed for nothing
		end.Dirs, err = r.rec.RemoveEmptyDirs(ctx, r.o.event)
	}
	if f, ok := core.As[core.Finisher](r.rec.Dst); ok && err == nil {
		end.Notes, err = f.Finish(ctx, done)
	}
	end.Requests, end.Cost = r.account(core.Requests{})
	return end, withClose(err, r.close())
}
