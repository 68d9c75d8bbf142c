package reconcile

import (
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// Phase returns the phase of a run in which the action is carried out. An action
// that is part of a replacement belongs to the deletes, whatever it is.
func (a Action) Phase() Phase {
	switch {
	case a.Op == OpDelete, a.replaces():
		return PhaseDeletes
	case a.Op == OpPut && a.Src.Kind == core.Link:
		return PhaseLinks
	case (a.Op == OpPut || a.Op == OpHeaders) && a.Page:
		return PhasePages
	case a.Op == OpPut, a.Op == OpHeaders:
		return PhaseFiles
	}
	return PhaseListing
}

// Only returns the plan of one phase of p, for a run whose phases are carried out
// by different processes. Its totals count the actions and requests of that phase,
// and the entries of the two trees as p does. The caller closes both plans.
func (r *Reconciler) Only(p *Plan, phase Phase) (*Plan, error) {
	out := &Plan{acts: spool.New[Action](r.TempDir, spoolBound)}
	costs := newCosts(r)
	for act, err := range p.All() {
		if err == nil && act.Phase() == phase {
			costs.add(act)
			out.totals.count(act)
			err = out.add(act)
		}
		if err != nil {
			_ = out.Close() // it is not used
			return nil, err
		}
	}
	out.totals.SrcEntries, out.totals.DstEntries = p.totals.SrcEntries, p.totals.DstEntries
	out.totals.Need = costs.total(out.totals.Deletes)
	return out, nil
}
