package shard

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// Apply carries out one phase of the plan of shard i. A task that an earlier attempt
// has ended without a failure does nothing, and its outcome is returned. The error is
// [ErrNotNow] if the phase's turn has not come, and [ErrNoRequests] if earlier
// attempts have used up the requests of the task. Entries that failed are counted in
// the outcome, and no error.
func (t *Tasks) Apply(ctx context.Context, r *Run, p reconcile.Phase, i int) (Done, error) {
	s := t.state()
	v, err := t.ready(ctx, r, p)
	if err != nil {
		return Done{}, err
	}
	switch d, _, err := outcome(ctx, s, v, p, i); {
	case err == nil && d.Failed == 0:
		return d, nil
	case err != nil && !errors.Is(err, errNotEnded):
		return d, err
	}
	saved, hash, err := t.readPlan(ctx, r, i)
	if err != nil {
		return Done{}, err
	}
	if hash != v.Plans[i] {
		return Done{}, errors.Join(notNow("%s is not the plan that the verdict was made for", planKey(i)), saved.Close())
	}
	d, err := t.attempt(ctx, r, v, saved, p, i)
	if err != nil {
		return d, err
	}
	d.Summary.Spent.State = s.spent(0)
	return finish(ctx, s, v, p, i, d)
}

// ready returns the verdict if tasks of a phase may write now.
func (t *Tasks) ready(ctx context.Context, r *Run, p reconcile.Phase) (*Verdict, error) {
	s := t.state()
	if err := notEnded(ctx, s); err != nil {
		return nil, err
	}
	v, err := verdict(ctx, s, r)
	if err != nil {
		return nil, err
	}
	return v, opened(ctx, s, r, p)
}

// attempt carries out a phase of a plan, which it closes. An error means that the
// attempt has no outcome.
func (t *Tasks) attempt(ctx context.Context, r *Run, v *Verdict, saved *s3fc.SavedPlan, p reconcile.Phase, i int) (Done, error) {
	d := Done{Run: r.ID(), Plan: v.Plans[i]}
	if empty, err := saved.Empty(p); err != nil || empty {
		return d, errors.Join(err, saved.Close())
	}
	need := saved.Header.Shard.Need[p.String()]
	n, allowance, err := begin(ctx, t.state(), r, p.String(), i, applyAllowance(need, v.Share))
	if err != nil {
		return d, errors.Join(err, saved.Close())
	}
	events, err := newEventFile(t.Options.TempDir)
	if err != nil {
		return d, errors.Join(err, saved.Close())
	}
	defer events.close()
	o := t.Options
	o.MaxRequests, o.Event = allowance, events.tee(t.Options.Event)
	c, err := saved.OpenPhase(ctx, t.Mux, p, o)
	if err != nil {
		return d, err
	}
	res, err := s3fc.Apply(ctx, c)
	err = errors.Join(err, c.Close())
	d.Summary, d.Failed = counts(&res), res.Errors+res.Conflicts
	var incomplete *s3fc.IncompleteError
	if err != nil && !errors.As(err, &incomplete) {
		return d, noRequests(err)
	}
	if stored, err := events.store(ctx, t.state(), eventsKey(p, i, n)); err != nil {
		return d, err
	} else if stored {
		d.Events = []int{n}
	}
	return d, nil
}

// noRequests makes a guard's error for a budget [ErrNoRequests]. Without a guard, the
// budget ended an attempt that had written, and a later one may go on.
func noRequests(err error) error {
	var guard *s3fc.GuardError
	if errors.As(err, &guard) && errors.Is(err, core.ErrBudget) {
		return errors.Join(ErrNoRequests, err)
	}
	return err
}

func counts(res *s3fc.Result) Counts {
	return Counts{
		Files: res.Files, Links: res.Links, Deletes: res.Deletes, Headers: res.Headers, Kept: res.Kept, Refused: res.Refused, Bytes: res.Bytes,
		Spent: toTrees(res.Requests, res.Cost),
	}
}
