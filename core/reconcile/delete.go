package reconcile

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// A deleter deletes entries of the destination, but for those of replacements.
type deleter struct {
	dst   core.Backend
	tally *tally
	jobs  int
	found *foundEntries
}

// run carries out the deletes of a plan, unless something failed.
func (d *deleter) run(ctx context.Context, acts *spool.Spool[Action]) error {
	if !d.tally.mayDelete() {
		return d.skip(ctx, acts)
	}
	batch, ok := core.As[core.BatchDeleter](d.dst)
	if !ok {
		return each(ctx, d.jobs, acts, d.tally, func(act Action) func(context.Context) {
			if act.Op != OpDelete || act.Group != "" {
				return nil
			}
			return func(ctx context.Context) { d.tally.add(d.delete(ctx, act)) }
		})
	}
	return d.runBatches(ctx, acts, batch)
}

// skip counts the deletes that are not done because something failed.
func (d *deleter) skip(ctx context.Context, acts *spool.Spool[Action]) error {
	for act, err := range acts.All() {
		switch {
		case err != nil:
			return err
		case act.Op != OpDelete || act.Group != "":
		case act.Reason == ReasonInTheWay:
			d.tally.add(d.wasInTheWay(ctx, act))
		default:
			d.tally.addUndeleted(1)
		}
	}
	return nil
}

func (d *deleter) delete(ctx context.Context, act Action) Action {
	if act.Reason == ReasonInTheWay {
		return d.wasInTheWay(ctx, act)
	}
	if d.found.has(act) {
		return d.found.keep(act)
	}
	if err := d.dst.Delete(ctx, *act.Dst); err != nil {
		return deleteError(act, err)
	}
	return act
}

func deleteError(act Action, err error) Action {
	if errors.Is(err, core.ErrChanged) {
		return failure(act, ReasonChanged, err)
	}
	return failure(act, ReasonWrite, err)
}

// wasInTheWay returns the outcome of a delete that made way for a put: the first
// put below its key deleted the entry. If all those puts failed, the entry is still
// there, and stays.
func (d *deleter) wasInTheWay(ctx context.Context, act Action) Action {
	now, err := complete(ctx, d.dst, act.Key)
	switch {
	case err != nil:
		return failure(act, ReasonAsk, err)
	case now == nil:
		return act
	}
	act.Op, act.Reason = OpKeep, ReasonProtected
	return act
}

// runBatches deletes in requests of many, a few of them at once.
func (d *deleter) runBatches(ctx context.Context, acts *spool.Spool[Action], b core.BatchDeleter) error {
	var batch []Action
	workers := newWorkers(min(d.jobs, 4))
	defer workers.wait()
	flush := func() {
		full := batch
		batch = nil
		workers.run(func() { d.deleteBatch(ctx, b, full) })
	}
	for act, err := range acts.All() {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil || d.tally.fatalError() != nil:
			return nil
		case act.Op != OpDelete || act.Group != "":
			continue
		case act.Reason == ReasonInTheWay:
			d.tally.add(d.wasInTheWay(ctx, act))
			continue
		case d.found.has(act):
			d.tally.add(d.found.keep(act))
			continue
		}
		if batch = append(batch, act); len(batch) == b.BatchSize() {
			flush()
		}
	}
	if len(batch) > 0 {
		flush()
	}
	return nil
}

func (d *deleter) deleteBatch(ctx context.Context, b core.BatchDeleter, acts []Action) {
	olds := make([]core.Entry, len(acts))
	for i, act := range acts {
		olds[i] = *act.Dst
	}
	for i, err := range b.DeleteBatch(ctx, olds) {
		if err != nil {
			d.tally.add(deleteError(acts[i], err))
		} else {
			d.tally.add(acts[i])
		}
	}
}

// removeDirs removes the directories that the plan leaves empty, each after those in
// it. One that is not empty after all stays, which is no failure.
func (d *deleter) removeDirs(ctx context.Context, acts *spool.Spool[Action]) error {
	remover, ok := core.As[core.DirRemover](d.dst)
	for act, err := range acts.All() {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil || !ok || !d.tally.mayDelete():
			return nil
		case act.Op != OpRemoveDir:
			continue
		}
		err := remover.RemoveDir(ctx, act.Key)
		switch {
		case errors.Is(err, core.ErrConflict):
			act.Op, act.Reason = OpKeep, ReasonChanged
		case err != nil:
			act = failure(act, ReasonWrite, err)
		}
		d.tally.add(act)
	}
	return nil
}
