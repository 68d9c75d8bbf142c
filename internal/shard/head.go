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

// A Head is what the plan of one shard comes to.
type Head struct {
	Run    string           `json:"run"`
	Index  int              `json:"index"`
	Plan   string           `json:"plan"` // the SHA-256 of the plan, in hex
	Totals reconcile.Totals `json:"totals"`
	// Need is the number of requests that each phase needs, by its name.
	Need map[string]int64 `json:"need"`
}

func planKey(i int) string { return "plan/" + strconv.Itoa(i) }
func headKey(i int) string { return "head/" + strconv.Itoa(i) }

// A Verdict lets the tasks of a run write: one process has seen the head of every
// plan, and every guard passed on their sum.
type Verdict struct {
	Run    string           `json:"run"`
	Plans  []string         `json:"plans"` // of each shard
	Totals reconcile.Totals `json:"totals"`
	// Listing is the number of requests that the listings took, about: a page has
	// 1,000 entries.
	Listing int64 `json:"listing"`
	// Share is the number of requests beyond its need that each task may send,
	// retries and all: the budget's rest, divided once.
	Share int64 `json:"share"`
	Need  int64 `json:"need"` // of all phases of all shards
}

const verdictKey = "verdict.json"

// heads reads the heads of all shards.
func heads(ctx context.Context, s state, r *Run) ([]Head, error) {
	all := make([]Head, r.Shards())
	for i := range all {
		_, err := s.readJSON(ctx, headKey(i), &all[i])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, notNow("shard %d has no plan yet: run shard list --index %d", i, i)
		case err != nil:
			return nil, err
		case all[i].Run != r.ID() || all[i].Index != i:
			return nil, notNow("%s is of another run", headKey(i))
		}
	}
	return all, nil
}

// Check judges the sum of all plans and stores the verdict. The guard gets the sum;
// its error stops the run and is returned. If there is a verdict already, it is
// returned. A plan that is missing, or of another run, is [ErrNotNow].
func Check(ctx context.Context, dir core.Backend, r *Run, guard func(reconcile.Totals) error) (*Verdict, error) {
	s := state{dir}
	v, err := verdict(ctx, s, r)
	if err == nil || !errors.Is(err, ErrNotNow) {
		return v, err
	}
	all, err := heads(ctx, s, r)
	if err != nil {
		return nil, err
	}
	v = &Verdict{Run: r.ID()}
	for _, h := range all {
		v.Plans = append(v.Plans, h.Plan)
		v.Totals = v.Totals.Add(h.Totals)
		v.Listing += (h.Totals.SrcEntries+h.Totals.DstEntries)/1000 + 2
		for _, n := range h.Need {
			v.Need += n
		}
	}
	if n := v.Totals.Errors; n > 0 {
		return v, fmt.Errorf("%d entries could not be listed or read, so nothing may be deleted: mend that, and begin a new run", n)
	}
	if err := guard(v.Totals); err != nil {
		return v, err
	}
	if err := v.divide(r); err != nil {
		return v, err
	}
	if _, err := s.createJSON(ctx, verdictKey, v); err != nil {
		return v, err
	}
	return verdict(ctx, s, r)
}

// divide gives each task its share of the requests that nobody needs.
func (v *Verdict) divide(r *Run) error {
	left := r.MaxRequests - v.Listing - v.Need
	if left < 0 {
		return fmt.Errorf("%w: the plans need %d requests, the listings took about %d, and %d are allowed", core.ErrBudget, v.Need, v.Listing, r.MaxRequests)
	}
	v.Share = left / int64(len(Phases)*r.Shards())
	return nil
}

// verdict reads the verdict of the run; none is [ErrNotNow].
func verdict(ctx context.Context, s state, r *Run) (*Verdict, error) {
	v := new(Verdict)
	_, err := s.readJSON(ctx, verdictKey, v)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notNow("there is no verdict: run shard check first")
	case err != nil:
		return nil, err
	case v.Run != r.ID() || len(v.Plans) != r.Shards():
		return nil, notNow("the verdict is of another run")
	}
	return v, nil
}
