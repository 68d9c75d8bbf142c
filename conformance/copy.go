package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// outcome has the plan and the results of a copy.
type outcome struct {
	totals reconcile.Totals
	sum    reconcile.Summary
	failed []reconcile.Action // refused, in conflict, or wrong
}

// changes returns the number of planned puts and deletes.
func (o outcome) changes() int64 { return o.totals.Files + o.totals.Links + o.totals.Deletes }

// copyTree makes dst equal to src. The error is one that ended the run; problems
// returns those of single keys.
func copyTree(ctx context.Context, src core.Tree, dst core.Backend, jobs int) (o outcome, err error) {
	all, err := reconcile.ParseDeleteLimit("100%")
	if err != nil {
		return o, err
	}
	r := &reconcile.Reconciler{Src: src, Dst: dst, Jobs: jobs, MaxDelete: all, AllowEmptySource: true}
	plan, err := r.Prepare(ctx)
	if err != nil {
		return o, fmt.Errorf("planning: %w", err)
	}
	defer plan.Close() //nolint:errcheck // Nothing is lost with it.
	o.totals = plan.Totals()
	if err := r.Guard(plan); err != nil {
		return o, err
	}
	var mu sync.Mutex
	o.sum, err = r.Apply(ctx, plan, func(a reconcile.Action) {
		mu.Lock()
		defer mu.Unlock()
		if a.Op == reconcile.OpRefuse || a.Op == reconcile.OpConflict || a.Op == reconcile.OpFail {
			o.failed = append(o.failed, a)
		}
	})
	return o, err
}

// problems returns the errors of single keys, joined.
func (o outcome) problems() error {
	var errs []error
	for _, a := range o.failed {
		errs = append(errs, fmt.Errorf("%s %s (%s): %w", a.Op, core.DisplayKey(a.Key), a.Reason, a.Err))
	}
	return errors.Join(errs...)
}
