package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// A Done is the outcome of a task that ended. A later attempt replaces the outcome
// of one that failed, and no other.
type Done struct {
	Run     string `json:"run"`
	Plan    string `json:"plan"` // the hash of the plan that was carried out
	Failed  int64  `json:"failed"`
	Summary Counts `json:"summary"`
}

// Counts are what a task did.
type Counts struct {
	Files     int64            `json:"files"`
	Links     int64            `json:"links"`
	Deletes   int64            `json:"deletes"`
	Kept      int64            `json:"kept"`
	Bytes     int64            `json:"bytes"`
	Conflicts int64            `json:"conflicts"`
	Errors    int64            `json:"errors"`
	Requests  map[string]int64 `json:"requests"`
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

// Gate opens the phase p: it stores the gate's record if every shard has ended all
// phases before, by the plans of the verdict, and none failed. Anything else is
// [ErrNotNow], and the record is not stored.
func Gate(ctx context.Context, dir core.Backend, r *Run, p reconcile.Phase) error {
	s := state{dir}
	v, err := verdict(ctx, s, r)
	if err != nil {
		return err
	}
	for _, earlier := range before(p) {
		for i := range r.Shards() {
			d, _, err := outcome(ctx, s, v, earlier, i)
			if err != nil {
				return err
			}
			if d.Failed > 0 {
				return notNow("shard %d failed in its %s (%d errors): run that task again", i, earlier, d.Failed)
			}
		}
	}
	created, err := s.createJSON(ctx, gateKey(p), Try{Run: r.ID()})
	if err != nil || created {
		return err
	}
	return opened(ctx, s, r, p)
}

// opened checks that the gate of a phase was opened in this run. The first phase has
// no gate: the verdict opens it.
func opened(ctx context.Context, s state, r *Run, p reconcile.Phase) error {
	if len(before(p)) == 0 {
		return nil
	}
	var g Try
	_, err := s.readJSON(ctx, gateKey(p), &g)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return notNow("the %s are not begun before every shard has ended what comes before: run shard gate %s", p, p)
	case err == nil && g.Run != r.ID():
		return notNow("%s is of another run", gateKey(p))
	}
	return err
}

// finish stores the outcome of a task, over that of an attempt that failed.
func finish(ctx context.Context, s state, v *Verdict, p reconcile.Phase, i int, d Done) error {
	b, err := encode(d)
	if err != nil {
		return err
	}
	for range 3 { // two attempts at once may both replace the outcome of a third
		created, err := s.create(ctx, doneKey(p, i), b)
		if err != nil || created {
			return err
		}
		was, e, err := outcome(ctx, s, v, p, i)
		if err != nil {
			return err
		}
		if was.Failed == 0 {
			return nil
		}
		if _, err = s.put(ctx, doneKey(p, i), b, &e); !errors.Is(err, core.ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("%s changes while it is written", doneKey(p, i))
}
