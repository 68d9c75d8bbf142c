package s3fc

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/core"
)

// Copy makes dst equal to src. The whole plan is made before the first write; if a
// guard stops it, the error is a [GuardError], and nothing was written. If entries
// failed or are in conflict, the error is an [IncompleteError]; nothing was deleted
// after the first failure. The Result is right in any case.
func Copy(ctx context.Context, src core.Tree, dst core.Backend, o Options) (Result, error) {
	return copied(ctx)(newTreeRun(o, src, dst))
}

// CopyURL is [Copy] for the trees at two URLs or paths. A missing destination is
// made where its scheme can make it.
func CopyURL(ctx context.Context, mux *core.Mux, src, dst string, o Options) (Result, error) {
	return copied(ctx)(newURLRun(o, mux, src, dst))
}

func copied(ctx context.Context) func(*run, error) (Result, error) {
	return func(r *run, err error) (Result, error) {
		if err != nil {
			return Result{}, err
		}
		c, err := r.changes(ctx, true)
		if err != nil {
			return r.stopped(err)
		}
		res, err := c.apply(ctx)
		err = withClose(err, c.Close())
		r.finish(&res)
		return res, err
	}
}

// Diff passes each difference between src and dst to Options.Event, and writes
// nothing. [Result.Differs] reports whether there is any; an entry that could not
// be compared is an [IncompleteError].
func Diff(ctx context.Context, src, dst core.Tree, o Options) (Result, error) {
	return differing(ctx)(newTreeRun(o, src, dst))
}

// DiffURL is [Diff] for the trees at two URLs or paths. A missing destination
// counts as empty.
func DiffURL(ctx context.Context, mux *core.Mux, src, dst string, o Options) (Result, error) {
	return differing(ctx)(newURLRun(o, mux, src, dst))
}

func differing(ctx context.Context) func(*run, error) (Result, error) {
	return func(r *run, err error) (Result, error) {
		if err != nil {
			return Result{}, err
		}
		c, err := r.changes(ctx, false)
		if err != nil {
			return r.stopped(err)
		}
		if errors.Is(c.stopped, core.ErrTooManyRoutes) {
			err = c.stopped
		} else {
			err = c.report(ctx)
		}
		res := c.Result()
		if err == nil && (res.Errors > 0 || r.o.Strict && res.Refused > 0) {
			err = res.incomplete(true)
		}
		return res, withClose(err, c.Close())
	}
}

// report passes the actions of the plan to Options.Event.
func (c *Changes) report(ctx context.Context) error {
	for act, err := range c.plan.All() {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		c.run.o.event(act)
	}
	return nil
}

// Plan makes the plan of a [Copy], and writes nothing. The caller looks at it,
// passes it to [Apply] or not, and closes it; the two trees stay open until then.
// A guard that would stop the copy is no error here; see [Changes.Guard].
func Plan(ctx context.Context, src core.Tree, dst core.Backend, o Options) (*Changes, error) {
	return planned(ctx)(newTreeRun(o, src, dst))
}

// PlanURL is [Plan] for the trees at two URLs or paths. A missing destination
// counts as empty, and is made by [Apply].
func PlanURL(ctx context.Context, mux *core.Mux, src, dst string, o Options) (*Changes, error) {
	return planned(ctx)(newURLRun(o, mux, src, dst))
}

func planned(ctx context.Context) func(*run, error) (*Changes, error) {
	return func(r *run, err error) (*Changes, error) {
		if err != nil {
			return nil, err
		}
		return r.changes(ctx, false)
	}
}

// Apply carries out a plan if its guards let it; otherwise nothing is written, and
// the error is a [GuardError]. The other errors are those of [Copy]. A plan is
// applied once at most.
func Apply(ctx context.Context, c *Changes) (Result, error) { return c.apply(ctx) }

// changes opens the trees and makes the plan. A plan that is not written at once
// asks for the kind of entries that the transfer would otherwise tell.
func (r *run) changes(ctx context.Context, write bool) (*Changes, error) {
	if err := r.open(ctx, write); err != nil {
		return nil, err
	}
	r.rec.Resolve = !write
	plan, err := r.rec.Prepare(ctx)
	if err != nil {
		return nil, withClose(r.explain(ctx, err), r.close())
	}
	if err := r.freeze(); err != nil {
		return nil, errors.Join(err, plan.Close(), r.close())
	}
	r.noteSiteRules()
	return newChanges(ctx, r, plan)
}

// stopped is the result of a run that ended before it had a plan.
func (r *run) stopped(err error) (Result, error) {
	var res Result
	r.finish(&res)
	return res, err
}

// withClose joins an error with that of closing, if there is one.
func withClose(err, closing error) error {
	if closing == nil {
		return err
	}
	return errors.Join(err, closing)
}
