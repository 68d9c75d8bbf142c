package shard

import (
	"context"
	"errors"
	"io/fs"
	"strconv"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// A Head is the totals of one shard's plan.
type Head struct {
	Run    string           `json:"run"`
	Index  int              `json:"index"`
	Plan   string           `json:"plan"` // the SHA-256 of the plan, in hex
	Totals reconcile.Totals `json:"totals"`
	// Need is the number of requests that each phase needs, by its name.
	Need map[string]int64 `json:"need"`
	// Attempt is the number of the attempt that made the plan, and Spent are the
	// requests that it sent. Of a plan whose attempt was killed before it made the
	// head, Attempt is -1, and nothing is known of Spent.
	Attempt int      `json:"attempt"`
	Spent   Requests `json:"spent"`
}

// Requests are the requests that a task has sent, by the name of their class.
type Requests struct {
	Trees map[string]int64 `json:"trees,omitempty"` // to the source and the destination
	State map[string]int64 `json:"state,omitempty"` // to the tree of the run's state
	// Dollars is about the cost of those to Trees whose prices are known, and Unpriced
	// is the number of the others.
	Dollars  float64 `json:"dollars,omitempty"`
	Unpriced int64   `json:"unpriced,omitempty"`
}

// toTrees are requests to the source and the destination.
func toTrees(sent core.Requests, cost s3fc.Estimate) Requests {
	r := Requests{Trees: sent.Map(), Dollars: cost.Dollars}
	if !cost.Known {
		r.Dollars, r.Unpriced = 0, sent.Total()
	}
	return r
}

// Cost returns about the cost of the requests to the trees in US dollars; known is
// false if the price of any is not known, or nothing was sent.
func (r *Requests) Cost() (dollars float64, known bool) {
	return r.Dollars, r.Unpriced == 0 && total(r.Trees) > 0
}

// add adds the requests of another task.
func (r *Requests) add(other Requests) {
	r.Trees, r.State = addCounts(r.Trees, other.Trees), addCounts(r.State, other.State)
	r.Dollars += other.Dollars
	r.Unpriced += other.Unpriced
}

func addCounts(sum, more map[string]int64) map[string]int64 {
	if sum == nil && len(more) > 0 {
		sum = make(map[string]int64)
	}
	for class, n := range more {
		sum[class] += n
	}
	return sum
}

// total returns the number of requests of all classes.
func total(counts map[string]int64) (n int64) {
	for _, k := range counts {
		n += k
	}
	return n
}

func planKey(i int) string { return "plan/" + strconv.Itoa(i) }
func headKey(i int) string { return "head/" + strconv.Itoa(i) }

func (h *Head) check(r *Run, i int) error {
	if h.Run != r.ID() || h.Index != i {
		return notNow("%s is of another run", headKey(i))
	}
	return nil
}

// heads reads the heads of all shards.
func heads(ctx context.Context, s state, r *Run) ([]Head, error) {
	all := make([]Head, r.Shards())
	err := forEach(ctx, len(all), func(i int) error {
		_, err := s.readJSON(ctx, headKey(i), &all[i])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return notNow("shard %d has no plan yet: run shard list --index %d", i, i)
		case err != nil:
			return err
		}
		return all[i].check(r, i)
	})
	return all, err
}

// head makes the head of shard i from the plan that is stored.
func (t *Tasks) head(ctx context.Context, r *Run, i, attempt int, spent Requests) (*Head, error) {
	p, hash, err := t.readPlan(ctx, r, i)
	if err != nil {
		return nil, err
	}
	defer p.Close() //nolint:errcheck // It was only read.
	s := t.state()
	h := &Head{
		Run: r.ID(), Index: i, Plan: hash, Totals: p.Header.Totals, Need: p.Header.Shard.Need,
		Attempt: attempt, Spent: spent,
	}
	h.Spent.State = s.spent(1)
	if _, err := s.createJSON(ctx, headKey(i), h); err != nil {
		return nil, err
	}
	stored := new(Head)
	if _, err = s.readJSON(ctx, headKey(i), stored); err != nil {
		return nil, err
	}
	if err := stored.check(r, i); err != nil {
		return nil, err
	}
	if stored.Plan != hash {
		return nil, notNow("%s is not of the plan that is stored", headKey(i))
	}
	return stored, nil
}
