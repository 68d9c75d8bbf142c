package cmd

import (
	"context"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/overview"
	"github.com/s3fc/s3fc/internal/preview"
)

// overview reads the tree for its page, and the changes if they are wanted.
func (s *serving) overview(ctx context.Context) (*overview.Data, error) {
	d, err := overview.Read(ctx, s.name, *s.view.Load())
	if err == nil && s.against != "" {
		err = s.changes(ctx, d)
	}
	return d, err
}

// changes puts the plan of a copy into d. Its requests count towards the limit.
func (s *serving) changes(ctx context.Context, d *overview.Data) error {
	o := s3fc.Options{Rules: s.rules}
	s.limits.set(&o)
	if o.MaxRequests = s.env.Budget.Left(); o.MaxRequests <= 0 {
		return core.ErrBudget
	}
	plan, err := s3fc.PlanURL(ctx, s.mux, s.against, s.name, o)
	if err != nil {
		return err
	}
	defer plan.Close() //nolint:errcheck // Nothing was written.
	d.Source, d.Changes = s.against, []overview.Change{}
	for act, err := range plan.All() {
		if err != nil {
			return err
		}
		if act.Op != reconcile.OpKeep {
			d.Changes = append(d.Changes, changeOf(act))
		}
	}
	res := plan.Result()
	d.Cost = costText(res.Cost)
	s.spend(res.Requests)
	return nil
}

func changeOf(act reconcile.Action) overview.Change {
	c := overview.Change{Op: act.Name(), Key: core.DisplayKey(act.Key), Reason: string(act.Reason), Old: -1}
	if act.Src != nil {
		c.Size = act.Src.Size
	}
	if act.Dst != nil {
		if c.Old = act.Dst.Size; act.Op == reconcile.OpDelete {
			c.Size, c.Old = act.Dst.Size, -1
		}
	}
	return c
}

// spend takes the requests of a plan from the limit, and adds them up.
func (s *serving) spend(r core.Requests) {
	for range r.Total() {
		_ = s.env.Budget.Spend() // the next request to the tree says that there are none left
	}
	for {
		old := s.sent.Load()
		sum := r
		if old != nil {
			sum = old.Add(r)
		}
		if s.sent.CompareAndSwap(old, &sum) {
			return
		}
	}
}

// reload watches the tree, and returns the reloader of pages.
func (s *serving) reload(ctx context.Context) (*preview.Live, error) {
	tree, ok := core.As[core.Watcher](s.tree)
	if !ok {
		return nil, usageError(s.cmd, "--watch: %s does not tell of changes; a local directory does", s.name)
	}
	live := preview.NewLive()
	err := tree.Watch(ctx, func() {
		if err := s.refresh(ctx); err != nil {
			s.con.remark(inert("error: " + err.Error()))
		}
		live.Changed()
	}, func(text string) { s.con.remark("note: " + inert(text)) })
	return live, err
}
