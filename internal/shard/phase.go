package shard

import (
	"fmt"
	"strings"

	"github.com/s3fc/s3fc/core/reconcile"
)

// Phases are the phases of a run that tasks carry out, in their order.
var Phases = func() (all []reconcile.Phase) {
	for p := reconcile.PhaseListing + 1; p <= reconcile.PhaseDeletes; p++ {
		all = append(all, p)
	}
	return all
}()

// ParsePhase reads the name of a phase: files, pages, links or deletes.
func ParsePhase(name string) (reconcile.Phase, error) {
	var names []string
	for _, p := range Phases {
		if p.String() == name {
			return p, nil
		}
		names = append(names, p.String())
	}
	return 0, fmt.Errorf("%q is no phase: expected one of %s", name, strings.Join(names, ", "))
}

// before returns the phases that come before p.
func before(p reconcile.Phase) []reconcile.Phase { return Phases[:p-Phases[0]] }
