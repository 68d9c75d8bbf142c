package reconcile

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
)

// A keeper saves what a run is about to overwrite or delete: it copies entries
// of the destination to Reconciler.Backup, as exactly as any transfer, and
// never over something that is there.
type keeper struct{ *applier }

// newKeeper returns what saves the entries of r.Dst, or nil if r has no Backup.
func newKeeper(r *Reconciler) *keeper {
	if r.Backup == nil {
		return nil
	}
	k := &Reconciler{Src: r.Dst, Dst: r.Backup, Exact: true, Buffers: r.Buffers, TempDir: r.TempDir}
	return &keeper{&applier{Reconciler: k, asker: k.asker()}}
}

// save copies the entry old of the destination to the backup. That the backup
// has just this already, from an earlier try, is no error.
func (k *keeper) save(ctx context.Context, old core.Entry) (Action, error) {
	old.Partial, old.MaybeLink = false, false
	act := Action{Op: OpPut, Key: old.Key, Reason: ReasonNew, Src: &old}
	out := act
	if err := core.CheckPut(k.Dst, old); err != nil {
		return out, fmt.Errorf("the backup cannot hold it: %w", err)
	}
	if old.Kind == core.Link {
		if out, _ = k.sameLink(ctx, act); out.Op == OpPut {
			out = k.putLink(ctx, act)
		}
	} else {
		out = k.putFile(ctx, act)
	}
	return out, notSaved(out, old)
}

// notSaved says why an outcome does not mean that old is in the backup.
func notSaved(out Action, old core.Entry) error {
	switch {
	case out.Op == OpPut && out.Src.Kind == old.Kind, out.Op == OpKeep:
		return nil
	case out.Op == OpPut:
		return fmt.Errorf("%w: it is a %s, and not the %s that was listed", core.ErrChanged, out.Src.Kind, old.Kind)
	case out.Err != nil:
		return out.Err
	}
	return fmt.Errorf("the outcome is %s (%s): %w", out.Op, out.Reason, fs.ErrInvalid)
}

// save saves the entry old of the destination, which act is about to overwrite
// or delete. If that fails, ok is false and the outcome is why: then it must not
// be touched. Without a backup, and where nothing is, there is nothing to save.
func (a *applier) save(ctx context.Context, act Action, old *core.Entry) (out Action, ok bool) {
	if a.keeper == nil || old == nil {
		return act, true
	}
	saved, err := a.keeper.save(ctx, *old)
	switch {
	case err == nil && saved.Op == OpPut:
		a.countSaved()
	case err != nil && !a.gone(ctx, old.Key):
		err = fmt.Errorf("it stays as it is, because it cannot be saved in the backup: %w", err)
		return failure(act, ReasonUnsaved, &core.Error{Op: "save", Key: old.Key, Err: err}), false
	}
	return act, true
}

// gone reports whether nothing is at the key of the destination any more.
func (a *applier) gone(ctx context.Context, key string) bool {
	now, err := complete(ctx, a.Dst, key)
	return err == nil && now == nil
}

func (a *applier) countSaved() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sum.Saved++
}

// saves saves all that the rest of the run deletes, before its first delete: if
// one entry cannot be saved, none goes.
func (a *applier) saves(ctx context.Context) error {
	if a.keeper == nil || !a.mayDelete() {
		return nil
	}
	return a.each(ctx, a.plan.acts, func(act Action) func(context.Context) {
		if act.Op != OpDelete || !a.mayDelete() {
			return nil
		}
		return func(ctx context.Context) {
			if out, ok := a.save(ctx, act, act.Dst); !ok {
				a.done(out)
			}
		}
	})
}
