package reconcile

import (
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// Guard says whether a plan may be carried out, before its first write. The
// error is [core.ErrEmptySource], [core.ErrTooManyDeletes] or [core.ErrBudget], with the
// figures and the flag that lifts the guard. A plan with errors deletes
// nothing, so that the guards on deletes do not apply to it.
func (r *Reconciler) Guard(p *Plan) error {
	t := p.totals
	if t.Errors == 0 {
		if err := r.guardDeletes(t); err != nil {
			return err
		}
	}
	if left := r.Budget; left != nil && t.Need.Total() > left.Left() {
		return fmt.Errorf("%w: this run needs %d more (%s), and %d of %d are left; allow more with --max-requests",
			core.ErrBudget, t.Need.Total(), t.Need, left.Left(), left.Limit())
	}
	return nil
}

func (r *Reconciler) guardDeletes(t Totals) error {
	empty := t.SrcEntries == 0 && t.Deletes > 0
	switch {
	case empty && !r.AllowEmptySource:
		return fmt.Errorf("%w: all of the destination's %d entries would be deleted; allow it with --allow-empty-source, or use --delete=never",
			core.ErrEmptySource, t.Deletes)
	case empty && !r.MaxDelete.set:
		return nil
	case r.MaxDelete.allows(t.Deletes, t.DstEntries):
		return nil
	}
	limit := "by default not all, and not more than half if that is more than 100"
	if r.MaxDelete.set {
		limit = "--max-delete " + r.MaxDelete.String()
	}
	return fmt.Errorf("%w: %d of the destination's %d entries would be deleted (limit: %s); allow it with --max-delete %d, or use --delete=never",
		core.ErrTooManyDeletes, t.Deletes, t.DstEntries, limit, t.Deletes)
}
