package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// A Verdict lets the tasks of a run write: one process has seen the head of every
// plan, and every guard passed on their sum.
type Verdict struct {
	Run    string           `json:"run"`
	Plans  []string         `json:"plans"` // the hash of the plan of each shard
	Totals reconcile.Totals `json:"totals"`
	// Spent are the requests of the run until then, but for those of attempts that
	// left no record of them. Lost is the most that these may have sent.
	Spent Requests `json:"spent"`
	Lost  int64    `json:"lost"`
	// Need is the number of requests that all phases of all shards need.
	Need int64 `json:"need"`
	// Share is the number of requests beyond its need that each task may send in
	// all its attempts: the rest of the budget, divided once.
	Share int64 `json:"share"`
}

const verdictKey = "verdict.json"

// reportRequests is the number of requests that the end of a run may send to the
// two trees: a question about hosting, with retries.
const reportRequests = 10

// Check judges the sum of all plans and stores the verdict. The guard gets the sum;
// its error stops the run and is returned. If there is a verdict already, it is
// returned. A plan that is missing, or of another run, is [ErrNotNow].
func (t *Tasks) Check(ctx context.Context, r *Run, guard func(reconcile.Totals) error) (*Verdict, error) {
	s := t.state()
	if err := notEnded(ctx, s); err != nil {
		return nil, err
	}
	v, err := verdict(ctx, s, r)
	if err == nil || !errors.Is(err, errNoVerdict) {
		return v, err
	}
	if v, err = sumOf(ctx, s, r); err != nil {
		return nil, err
	}
	if n := v.Totals.Errors; n > 0 {
		return v, fmt.Errorf("%d entries could not be listed or read, so nothing is written: mend that, and begin a new run", n)
	}
	if err := guard(v.Totals); err != nil {
		return v, err
	}
	if err := v.divide(r); err != nil {
		return v, err
	}
	v.Spent.add(Requests{State: s.spent(1)})
	if _, err := s.createJSON(ctx, verdictKey, v); err != nil {
		return v, err
	}
	return verdict(ctx, s, r)
}

// sumOf sums the heads of all shards.
func sumOf(ctx context.Context, s state, r *Run) (*Verdict, error) {
	all, err := heads(ctx, s, r)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Run: r.ID()}
	v.Spent.add(r.Spent)
	for _, h := range all {
		v.Plans = append(v.Plans, h.Plan)
		v.Totals = v.Totals.Add(h.Totals)
		v.Spent.add(h.Spent)
		v.Need += total(h.Need)
	}
	v.Lost, err = lostRequests(ctx, s, r, all)
	return v, err
}

// lostRequests returns the allowances of the attempts to list that left no record
// of the requests that they sent.
func lostRequests(ctx context.Context, s state, r *Run, all []Head) (lost int64, err error) {
	prefix := "try/" + listing + "/"
	for e, err := range s.List(ctx, prefix) {
		if err != nil {
			return 0, err
		}
		if !strings.HasPrefix(e.Key, prefix) {
			break
		}
		var i, n int
		if _, err := fmt.Sscanf(e.Key[len(prefix):], "%d/%d", &i, &n); err != nil || i < 0 || i >= len(all) {
			return 0, fmt.Errorf("%s is no record of an attempt", core.DisplayKey(e.Key))
		}
		if n != all[i].Attempt {
			lost += listAllowance(r, n)
		}
	}
	return lost, nil
}

// divide gives each task its share of the unused requests.
func (v *Verdict) divide(r *Run) error {
	sent := total(v.Spent.Trees) + v.Lost
	left := r.MaxRequests - sent - v.Need - reportRequests
	if left < 0 {
		return fmt.Errorf("%w: the plans need %d requests, %d were sent for the listings, and %d are allowed: begin a run with a greater --max-requests",
			ErrNoRequests, v.Need+reportRequests, sent, r.MaxRequests)
	}
	v.Share = left / int64(len(Phases)*r.Shards())
	return nil
}

var errNoVerdict = errors.New("there is no verdict: run shard check first")

// verdict reads the verdict of the run; none is [ErrNotNow].
func verdict(ctx context.Context, s state, r *Run) (*Verdict, error) {
	v := new(Verdict)
	_, err := s.readJSON(ctx, verdictKey, v)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notNow("%w", errNoVerdict)
	case err != nil:
		return nil, err
	case v.Run != r.ID() || len(v.Plans) != r.Shards():
		return nil, notNow("the verdict is of another run")
	}
	return v, nil
}
