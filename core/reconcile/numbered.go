package reconcile

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/sortedrun"
)

// numbered is an action with its place in its plan.
type numbered struct {
	Place int64
	Act   Action
}

// numberedActions are the puts and deletes of a plan in the order of their keys, for
// a join with a listing: list yields the keys, and take returns the action of each
// key that the join has come to.
type numberedActions struct {
	plan   *Plan
	sorter *sortedrun.Sorter[numbered]
	ahead  chan numbered // the actions of keys that the join has read ahead
	// first and last are the least and the greatest key, empty if there is none.
	first, last string
}

func newNumbered(p *Plan, dir string) *numberedActions {
	byKey := func(a, b *numbered) int { return cmp.Compare(a.Act.Key, b.Act.Key) }
	return &numberedActions{
		plan: p, sorter: sortedrun.New(byKey, dir, sortBound),
		ahead: make(chan numbered, 8*batchSize), // more than a cursor reads ahead
	}
}

func (a *numberedActions) close() { a.sorter.Close() }

// take returns the action of the key that the join yields. It is called once for
// each key that list yielded, in their order.
func (a *numberedActions) take() numbered { return <-a.ahead }

// list is the [Lister] of the keys.
func (a *numberedActions) list(ctx context.Context, _ string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for n, err := range a.sorter.All() {
			if err != nil {
				yield(core.Entry{}, err)
				return
			}
			select {
			case a.ahead <- n:
			case <-ctx.Done():
				return
			}
			if !yield(core.Entry{Key: n.Act.Key, Kind: core.File}, nil) {
				return
			}
		}
	}
}

// after returns a string that the least key follows, with few keys in between.
func (a *numberedActions) after() string {
	n := len(a.first) - 1
	if n < 0 || a.first[n] <= ' ' || a.first[n] > '~' {
		return a.first[:strings.LastIndexByte(a.first, '/')+1]
	}
	return a.first[:n] + string(a.first[n]-1) + "~"
}

// sort sorts the actions. It is called once, before list.
func (a *numberedActions) sort() error {
	place := int64(-1)
	for act, err := range a.plan.All() {
		place++
		if err == nil && (act.Op == OpPut || act.Op == OpHeaders || act.Op == OpDelete) {
			err = a.sorter.Add(numbered{place, act})
			if a.last = max(a.last, act.Key); a.first == "" || act.Key < a.first {
				a.first = act.Key
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
