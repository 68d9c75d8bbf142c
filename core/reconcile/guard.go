package reconcile

import "github.com/s3fc/s3fc/core"

// Guard says whether a plan may be carried out, before its first write. The
// error is a [GuardError]. A plan with errors deletes nothing, so that the guards
// on deletes do not apply to it.
func (r *Reconciler) Guard(p *Plan) error { return r.GuardTotals(p.totals) }

// GuardTotals is [Reconciler.Guard] for the totals of a plan, or for their sum over
// several plans that one run carries out.
func (r *Reconciler) GuardTotals(t Totals) error {
	if t.Errors == 0 {
		if err := r.guardDeletes(t); err != nil {
			return err
		}
	}
	if b := r.Budget; b != nil && t.Need.Total() > b.Left() {
		return &GuardError{Err: core.ErrBudget, Need: t.Need, Left: b.Left(), Allowed: b.Limit()}
	}
	return nil
}

func (r *Reconciler) guardDeletes(t Totals) error {
	e := &GuardError{Err: core.ErrTooManyDeletes, Deletes: t.Deletes, NetDeletes: t.NetDeletes, Entries: t.DstEntries, Limit: r.MaxDelete}
	empty := t.SrcEntries == 0 && t.Deletes > 0
	switch {
	case empty && !r.AllowEmptySource:
		e.Err = core.ErrEmptySource
		return e
	case empty && !r.MaxDelete.set:
		return nil
	case r.MaxDelete.allows(t):
		return nil
	}
	return e
}
