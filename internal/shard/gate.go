package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// A Done is the outcome of a task that ended. A later attempt replaces the outcome
// of one that failed, and no other.
type Done struct {
	Run  string `json:"run"`
	Plan string `json:"plan"` // the hash of the plan that was carried out
	// Failed is the number of entries that failed in the last attempt.
	Failed int64 `json:"failed"`
	// Summary are the counts of all attempts that ended.
	Summary Counts `json:"summary"`
	// Events are the numbers of the attempts whose events are stored, in order.
	Events []int `json:"events,omitempty"`
}

// Counts are the counts of a task's outcomes.
type Counts struct {
	Files   int64    `json:"files"`
	Links   int64    `json:"links"`
	Deletes int64    `json:"deletes"`
	Headers int64    `json:"headers,omitempty"`
	Kept    int64    `json:"kept"` // found as they were planned to be
	Refused int64    `json:"refused"`
	Bytes   int64    `json:"bytes"`
	Spent   Requests `json:"spent"`
}

func (c *Counts) add(d Counts) {
	c.Files += d.Files
	c.Links += d.Links
	c.Deletes += d.Deletes
	c.Headers += d.Headers
	c.Kept += d.Kept
	c.Refused += d.Refused
	c.Bytes += d.Bytes
	c.Spent.add(d.Spent)
}

func doneKey(p reconcile.Phase, i int) string { return "done/" + p.String() + "/" + strconv.Itoa(i) }
func gateKey(p reconcile.Phase) string        { return "gate/" + p.String() }

// errNotEnded: a task has no outcome yet.
var errNotEnded = errors.New("a task has not ended")

// outcome reads the outcome of a task and checks that it is of the verdict's plan.
func outcome(ctx context.Context, s state, v *Verdict, p reconcile.Phase, i int) (d Done, e core.Entry, err error) {
	e, err = s.readJSON(ctx, doneKey(p, i), &d)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%w: %w: shard %d, %s", ErrNotNow, errNotEnded, i, p)
	case err == nil && (d.Run != v.Run || d.Plan != v.Plans[i]):
		err = notNow("%s is of another run or plan", doneKey(p, i))
	}
	return d, e, err
}

// A Gate lets the tasks of a phase write.
type Gate struct {
	Run   string   `json:"run"`
	Spent Requests `json:"spent"`
}

// Gate opens the phase p: it stores the gate's record if the gate of the phase
// before is open, and every shard has ended that phase, by the plans of the verdict,
// and none failed. Anything else is [ErrNotNow], and the record is not stored.
func (t *Tasks) Gate(ctx context.Context, r *Run, p reconcile.Phase) error {
	s := t.state()
	if err := notEnded(ctx, s); err != nil {
		return err
	}
	v, err := verdict(ctx, s, r)
	if err != nil {
		return err
	}
	if earlier := before(p); len(earlier) > 0 {
		last := earlier[len(earlier)-1]
		if err := opened(ctx, s, r, last); err != nil {
			return err
		}
		if _, err := outcomes(ctx, s, v, last); err != nil {
			return err
		}
	}
	created, err := s.createJSON(ctx, gateKey(p), Gate{r.ID(), Requests{State: s.spent(0)}})
	if err != nil || created {
		return err
	}
	return opened(ctx, s, r, p)
}

// outcomes reads the outcomes of all shards in a phase. One that is missing, of
// another plan, or a failure, is [ErrNotNow].
func outcomes(ctx context.Context, s state, v *Verdict, p reconcile.Phase) ([]Done, error) {
	all := make([]Done, len(v.Plans))
	err := forEach(ctx, len(all), func(i int) error {
		d, _, err := outcome(ctx, s, v, p, i)
		if all[i] = d; err == nil && d.Failed > 0 {
			err = notNow("shard %d failed in its %s (%d errors): run that task again, or, if the trees have changed since they were listed, begin a new run with another state", i, p, d.Failed)
		}
		return err
	})
	return all, err
}

// opened checks that the gate of a phase was opened in this run. The first phase has
// no gate: the verdict opens it.
func opened(ctx context.Context, s state, r *Run, p reconcile.Phase) error {
	if len(before(p)) == 0 {
		return nil
	}
	var g Gate
	_, err := s.readJSON(ctx, gateKey(p), &g)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return notNow("the %s begin when every shard has ended the phase before: run shard gate %s", p, p)
	case err == nil && g.Run != r.ID():
		return notNow("%s is of another run", gateKey(p))
	}
	return err
}

// finish stores the outcome of a task, over that of an attempt that failed, whose
// counts it takes over. It returns the outcome that is stored.
func finish(ctx context.Context, s state, v *Verdict, p reconcile.Phase, i int, d Done) (Done, error) {
	for range 3 { // two attempts at once may both replace the outcome of a third
		created, err := s.createJSON(ctx, doneKey(p, i), d)
		if err != nil || created {
			return d, err
		}
		was, e, err := outcome(ctx, s, v, p, i)
		if err != nil || was.Failed == 0 {
			return was, err
		}
		sum := d
		sum.Summary.add(was.Summary)
		sum.Events = append(slices.Clone(was.Events), d.Events...)
		b, err := encode(sum)
		if err != nil {
			return d, err
		}
		if _, err = s.put(ctx, doneKey(p, i), b, &e); !errors.Is(err, core.ErrChanged) {
			return sum, err
		}
	}
	return d, fmt.Errorf("%s changes while it is written", doneKey(p, i))
}
