package cmd

import (
	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core/reconcile"
)

// show prints a plan: with changes set all of it, else refusals, conflicts and
// errors.
func (r *run) show(c *s3fc.Changes, changes bool) error {
	for act, err := range c.All() {
		if err == nil {
			err = r.ctx.Err()
		}
		if err != nil {
			return err
		}
		if changes || r.verbose || act.Op != reconcile.OpPut && act.Op != reconcile.OpHeaders && act.Op != reconcile.OpDelete && act.Op != reconcile.OpRemoveDir {
			r.rep.action(act)
		}
	}
	return nil
}
