package shard

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

const (
	reportKey    = "report.json"
	removableKey = "removable.txt"
)

// A Report is the sum of a run that ended.
type Report struct {
	Run string `json:"run"`
	// Summary counts the tasks' outcomes, without attempts that were killed: the
	// attempt after them has counted their puts as kept.
	Summary Counts `json:"summary"`
	// Dirs is the number of empty directories that were removed.
	Dirs int64 `json:"dirs"`
	// Planned are the totals of all plans: with the entries that were unchanged,
	// refused or in conflict.
	Planned reconcile.Totals `json:"planned"`
	Notes   []string         `json:"notes,omitempty"`
	// Removable is the key of a list of the entries of the state that are of no
	// use any more, one a line.
	Removable string `json:"removable"`
}

// Report ends the run once every task has ended without a failure: the destination
// takes its last steps, and the sum is stored. Of a run that has ended, it returns the
// report that is stored. Otherwise the error is [ErrNotNow]. Options.Event, if not nil,
// gets the events of all shards: of the listings first, then of each phase.
func (t *Tasks) Report(ctx context.Context, r *Run) (*Report, error) {
	s := t.state()
	v, err := verdict(ctx, s, r)
	if err != nil {
		return nil, err
	}
	rep := new(Report)
	switch _, err := s.readJSON(ctx, reportKey, rep); {
	case err == nil && rep.Run != r.ID():
		return nil, notNow("%s is of another run", reportKey)
	case errors.Is(err, fs.ErrNotExist):
		return t.end(ctx, r, v)
	case err != nil:
		return nil, err
	}
	return rep, t.events(ctx, r, v)
}

// end sums the outcomes, takes the last steps and stores the report.
func (t *Tasks) end(ctx context.Context, r *Run, v *Verdict) (*Report, error) {
	s := t.state()
	rep := &Report{Run: r.ID(), Planned: v.Totals, Removable: removableKey}
	rep.Summary.Spent.add(v.Spent)
	for _, p := range Phases {
		all, err := outcomes(ctx, s, v, p)
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			rep.Summary.add(d.Summary)
		}
		var g Gate
		if _, err := s.readJSON(ctx, gateKey(p), &g); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		rep.Summary.Spent.add(g.Spent)
	}
	if err := t.lastSteps(ctx, r, rep); err != nil {
		return nil, err
	}
	if err := listRemovable(ctx, s); err != nil {
		return nil, err
	}
	if err := t.events(ctx, r, v); err != nil {
		return nil, err
	}
	rep.Summary.Spent.add(Requests{State: s.spent(0)})
	if _, err := s.createJSON(ctx, reportKey, rep); err != nil {
		return nil, err
	}
	return rep, nil
}

func (t *Tasks) lastSteps(ctx context.Context, r *Run, rep *Report) error {
	o, err := t.options(r)
	if err != nil {
		return err
	}
	if o.MaxRequests = reportRequests; r.MaxRequests == unlimited {
		o.MaxRequests = -1
	}
	done := core.Done{LinksPut: rep.Summary.Links, Deletes: o.Delete != s3fc.DeleteNever}
	end, err := s3fc.FinishURL(ctx, t.Mux, r.Source.URL, r.Destination.URL, o, done)
	rep.Notes, rep.Dirs = end.Notes, end.Dirs
	rep.Summary.Spent.add(toTrees(end.Requests, end.Cost))
	return err
}

// listRemovable stores the keys of the state, but for those of the run's options
// and its report.
func listRemovable(ctx context.Context, s state) error {
	var keys strings.Builder
	for e, err := range s.List(ctx, "") {
		if err != nil {
			return err
		}
		if e.Key != runKey && e.Key != reportKey && e.Key != removableKey {
			keys.WriteString(e.Key + "\n")
		}
	}
	_, err := s.create(ctx, removableKey, []byte(keys.String()))
	return err
}

// events calls Options.Event with the events of all shards.
func (t *Tasks) events(ctx context.Context, r *Run, v *Verdict) error {
	if t.Options.Event == nil {
		return nil
	}
	for i := range r.Shards() {
		if err := t.plannedEvents(ctx, r, i); err != nil {
			return err
		}
	}
	for _, p := range Phases {
		for i := range r.Shards() {
			d, _, err := outcome(ctx, t.state(), v, p, i)
			if err != nil {
				return err
			}
			for _, n := range d.Events {
				if err := readEvents(ctx, t.state(), eventsKey(p, i, n), t.Options.Event); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// plannedEvents calls Options.Event with the actions of a plan that need no work:
// entries that were refused or are in conflict.
func (t *Tasks) plannedEvents(ctx context.Context, r *Run, i int) error {
	p, _, err := t.readPlan(ctx, r, i)
	if err != nil {
		return err
	}
	defer p.Close() //nolint:errcheck // It was only read.
	for act, err := range p.All() {
		if err != nil {
			return err
		}
		if act.Phase() == reconcile.PhaseListing {
			t.Options.Event(act)
		}
	}
	return nil
}
