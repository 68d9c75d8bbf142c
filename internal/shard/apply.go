package shard

import (
	"context"
	"errors"
	"io/fs"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// Apply carries out one phase of the plan of shard i. A task that an earlier attempt
// has ended without a failure does nothing, and its outcome is returned. The error is
// [ErrNotNow] if the phase's turn has not come, and is not nil if entries failed.
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
	return d, finish(ctx, s, v, p, i, d)
}

// ready returns the verdict if tasks of a phase may write now.
func (t *Tasks) ready(ctx context.Context, r *Run, p reconcile.Phase) (*Verdict, error) {
	s := t.state()
	v, err := verdict(ctx, s, r)
	if err != nil {
		return nil, err
	}
	if ended, err := s.has(ctx, reportKey); err != nil {
		return nil, err
	} else if ended {
		return nil, notNow("the run has ended")
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
	allowance, err := begin(ctx, t.state(), r, p, i, saved.Header.Shard.Need[p.String()], v.Share)
	if err != nil {
		return d, errors.Join(err, saved.Close())
	}
	o := t.Options
	o.MaxRequests = allowance
	c, err := saved.OpenPhase(ctx, t.Mux, p, o)
	if err != nil {
		return d, err
	}
	res, err := s3fc.Apply(ctx, c)
	err = errors.Join(err, c.Close())
	d.Summary = counts(&res)
	d.Failed = res.Errors + res.Conflicts
	var incomplete *s3fc.IncompleteError
	if err != nil && !errors.As(err, &incomplete) {
		return d, err
	}
	return d, nil
}

func counts(res *s3fc.Result) Counts {
	return Counts{
		Files: res.Files, Links: res.Links, Deletes: res.Deletes, Kept: res.Kept, Bytes: res.Bytes,
		Conflicts: res.Conflicts, Errors: res.Errors, Requests: res.Requests.Map(),
	}
}

const reportKey = "report.json"

// A Report is the sum of a run that ended.
type Report struct {
	Run     string `json:"run"`
	Summary Counts `json:"summary"`
	// Planned are the totals of all plans: what was refused and in conflict, too.
	Planned reconcile.Totals `json:"planned"`
	Notes   []string         `json:"notes,omitempty"`
}

// Report ends the run once every task has ended without a failure: the destination
// takes its last steps, and the sum is stored. Of a run that has ended, it returns the
// report that is stored. Otherwise the error is [ErrNotNow].
func (t *Tasks) Report(ctx context.Context, r *Run) (*Report, error) {
	s := t.state()
	rep := new(Report)
	switch _, err := s.readJSON(ctx, reportKey, rep); {
	case err == nil && rep.Run != r.ID():
		return nil, notNow("%s is of another run", reportKey)
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return rep, err
	}
	v, err := verdict(ctx, s, r)
	if err != nil {
		return nil, err
	}
	rep.Run, rep.Planned = r.ID(), v.Totals
	rep.Summary.Requests = make(map[string]int64)
	for _, p := range Phases {
		for i := range r.Shards() {
			d, _, err := outcome(ctx, s, v, p, i)
			if err != nil {
				return nil, err
			}
			if d.Failed > 0 {
				return nil, notNow("shard %d failed in its %s", i, p)
			}
			rep.Summary.add(d.Summary)
		}
	}
	if err := t.lastSteps(ctx, r, rep); err != nil {
		return nil, err
	}
	if _, err := s.createJSON(ctx, reportKey, rep); err != nil {
		return nil, err
	}
	return rep, nil
}

func (c *Counts) add(d Counts) {
	c.Files += d.Files
	c.Links += d.Links
	c.Deletes += d.Deletes
	c.Kept += d.Kept
	c.Bytes += d.Bytes
	c.Conflicts += d.Conflicts
	c.Errors += d.Errors
	for class, n := range d.Requests {
		c.Requests[class] += n
	}
}

func (t *Tasks) lastSteps(ctx context.Context, r *Run, rep *Report) error {
	o, err := t.options(r)
	if err != nil {
		return err
	}
	notes, requests, err := s3fc.FinishURL(ctx, t.Mux, r.Source.URL, r.Destination.URL, o, core.Done{LinksPut: rep.Summary.Links, Deletes: o.Delete != s3fc.DeleteNever})
	rep.Notes = notes
	for class, n := range requests.Map() {
		rep.Summary.Requests[class] += n
	}
	return err
}
