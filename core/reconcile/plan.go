package reconcile

import (
	"context"
	"errors"
	"iter"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// Totals counts a plan.
type Totals struct {
	Files, Links, Deletes            int64 // to copy or delete
	NetDeletes                       int64 // of Deletes, those beyond the new entries of the same directory
	Headers                          int64 // files that get other headers, and whose content stays
	Dirs                             int64 // empty directories to be removed; they are no deletes
	Kept, Refused, Conflicts, Errors int64
	BySizeTime                       int64 // of Kept: files that were compared by size and time alone
	Bytes                            int64 // of the files to be put
	Compared                         int64 // bytes that were read to compare
	Reread                           int64 // of Bytes, those that have to be read once more, for the md5 that the destination wants first
	NewFiles, NewLinks               int64 // of Files and Links: those with no entry at the destination
	SrcEntries, DstEntries           int64 // files and links that each tree holds
	Need                             core.Requests
}

// count adds one action. The put and the deletes of a replacement count singly.
func (t *Totals) count(a Action) {
	t.Compared += a.Compared
	switch a.Op {
	case OpKeep:
		if a.Src != nil && a.Src.Kind != core.Other || a.Dst != nil && a.Dst.Kind != core.Other {
			t.Kept++
		}
		if a.Reason == ReasonSizeTime {
			t.BySizeTime++
		}
	case OpPut:
		t.countPut(a)
	case OpHeaders:
		t.Headers++
	case OpDelete:
		t.Deletes++
	case OpRemoveDir:
		t.Dirs++
	case OpRefuse:
		t.Refused++
	case OpConflict:
		t.Conflicts++
	case OpFail:
		t.Errors++
	}
	if a.Src != nil && a.Src.Kind != core.Other {
		t.SrcEntries++
	}
	if a.Dst != nil && a.Dst.Kind != core.Other {
		t.DstEntries++
	}
}

func (t *Totals) countPut(a Action) {
	isNew := int64(0)
	if a.Dst == nil {
		isNew = 1
	}
	if a.Src.Kind == core.Link {
		t.Links++
		t.NewLinks += isNew
		return
	}
	t.Files++
	t.NewFiles += isNew
	t.Bytes += a.Src.Size
}

// A Plan is all actions of a run, complete and counted, before its first write. A
// large one is on disk. It is safe for concurrent reading.
type Plan struct {
	totals Totals
	acts   *spool.Spool[Action]
	has    [stages]bool
}

// stage is a step of carrying out a plan. A plan is read once for each stage that
// it has, and no more: actions on disk have to be decoded.
type stage uint8

const (
	pagePuts stage = iota
	linkPuts
	replacing
	deleting
	removingDirs
	stages
)

// add appends an action to the plan.
func (p *Plan) add(a Action) error {
	switch {
	case a.replaces():
		p.has[replacing] = true
	case a.Op == OpDelete:
		p.has[deleting] = true
	case a.Op == OpRemoveDir:
		p.has[removingDirs] = true
	case a.Op == OpPut && a.Src.Kind == core.Link:
		p.has[linkPuts] = true
	case (a.Op == OpPut || a.Op == OpHeaders) && a.Page:
		p.has[pagePuts] = true
	}
	return p.acts.Add(a)
}

// Totals returns the plan's counts.
func (p *Plan) Totals() Totals { return p.totals }

// All yields the actions, as often as wanted. Keep actions are among them only
// if Reconciler.Keeps was set.
func (p *Plan) All() iter.Seq2[Action, error] { return p.acts.All() }

// Close frees the plan's memory and temporary files.
func (p *Plan) Close() error { return p.acts.Close() }

// Prepare makes the whole plan. A listing that turns out to be out of order is
// sorted, and the plan made again, with one notice. The caller closes the plan.
func (r *Reconciler) Prepare(ctx context.Context) (*Plan, error) {
	for {
		p, err := r.prepare(ctx)
		var order *OrderError
		if !errors.As(err, &order) || !r.sortSide(order.Side) {
			return p, err
		}
		r.notice(order.notice())
	}
}

func (r *Reconciler) prepare(ctx context.Context) (*Plan, error) {
	p := &Plan{acts: spool.New[Action](r.TempDir, spoolBound)}
	costs, lost := newCosts(r), &lostHeaders{run: r}
	s := r.newLeafStack(func(act Action) error {
		p.totals.count(act)
		costs.add(act)
		lost.add(act)
		if act.Op == OpKeep && !r.Keeps {
			return nil
		}
		return p.add(act.clone())
	})
	defer s.close()
	if err := r.plan(ctx, s); err != nil {
		_ = p.acts.Close()
		return nil, err
	}
	p.totals.NetDeletes = s.turnover.netDeletes()
	p.totals.Need, p.totals.Reread = costs.total(p.totals.Deletes), costs.reread
	return p, nil
}

// clone copies the entries of an action, which lie in a listing's larger block of
// memory. Bytes that were read are counted by now.
func (a Action) clone() Action {
	a.Compared = 0
	for _, e := range []**core.Entry{&a.Src, &a.Dst, &a.Obstacle} {
		if *e != nil {
			c := **e
			*e = &c
		}
	}
	return a
}
