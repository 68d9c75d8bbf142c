package reconcile

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
)

// A saver copies entries of the destination to Reconciler.Backup before a run
// overwrites or deletes them: as exactly as any transfer, and never over something
// that is there. A nil saver saves nothing.
type saver struct {
	toBackup *mover
	tally    *tally // of the run
}

// newSaver returns the saver of a run of r, nil if r has no Backup.
func newSaver(r *Reconciler, t *tally) *saver {
	if r.Backup == nil {
		return nil
	}
	return &saver{tally: t, toBackup: &mover{
		src: r.Dst, dst: r.Backup, asker: newAsker(r.Dst, r.Backup, newRules(r.Dst, r.Backup)),
		buffers: r.Buffers, exact: true, moved: func(int) {},
	}}
}

// save saves the entry old of the destination, which act is about to overwrite or
// delete. If that fails, ok is false and the outcome says why: the entry must not
// be touched then.
func (s *saver) save(ctx context.Context, act Action, old *core.Entry) (out Action, ok bool) {
	if s == nil || old == nil {
		return act, true
	}
	saved, err := s.copy(ctx, *old)
	switch {
	case err == nil && saved.Op == OpPut:
		s.tally.addSaved()
	case err != nil && !s.gone(ctx, old.Key):
		err = fmt.Errorf("left as it is: it cannot be saved in the backup: %w", err)
		return failure(act, ReasonUnsaved, &core.Error{Op: "save", Key: old.Key, Err: err}), false
	}
	return act, true
}

// copy copies the entry old of the destination to the backup. That the backup has
// just this already, from an earlier try, is no error.
func (s *saver) copy(ctx context.Context, old core.Entry) (Action, error) {
	old.Partial, old.MaybeLink = false, false
	old.HeaderMark = "" // no rules decide about a backup: it has the headers of the entry
	act := Action{Op: OpPut, Key: old.Key, Reason: ReasonNew, Src: &old}
	out := act
	if err := core.CheckPut(s.toBackup.dst, old); err != nil {
		return out, fmt.Errorf("the backup cannot hold it: %w", err)
	}
	if old.Kind == core.Link {
		if out, _ = s.toBackup.plannedLink(ctx, act); out.Op == OpPut {
			out = s.toBackup.putLink(ctx, act)
		}
	} else {
		out = s.toBackup.putFile(ctx, act)
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

// gone reports whether the destination has nothing at the key any more.
func (s *saver) gone(ctx context.Context, key string) bool {
	now, err := complete(ctx, s.toBackup.src, key)
	return err == nil && now == nil
}
