package s3fc

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// Changes are a plan with its trees: the actions that make the destination equal to
// the source. They are not safe for concurrent use. The caller closes them.
type Changes struct {
	run     *run
	plan    *reconcile.Plan
	stopped error // by a guard
	applied bool
}

// newChanges returns a plan as the guards of its run see it. The error is not nil
// only if that could not be found out, and the plan is closed then.
func newChanges(ctx context.Context, r *run, plan *reconcile.Plan) (*Changes, error) {
	c := &Changes{run: r, plan: plan, stopped: r.rec.Guard(plan)}
	if errors.Is(c.stopped, core.ErrEmptySource) && r.src.isEntry(ctx, r.env) {
		return nil, errors.Join(&OneEntryError{Tree: r.src.name}, c.Close())
	}
	if err := c.checkThere(ctx); err != nil {
		c.stopped = &GuardError{Err: err, Deletes: plan.Totals().Deletes, Entries: plan.Totals().DstEntries}
	}
	if err := c.guardReleases(ctx); err != nil {
		return nil, err
	}
	if err := r.links.check(ctx, r); isGuard(err) {
		if c.stopped == nil {
			c.stopped = err
		}
	} else if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// checkThere returns a [NothingThereError] for a source that is a prefix under
// which nothing lies: it is probably mistyped. A range of keys may be empty.
func (c *Changes) checkThere(ctx context.Context) error {
	t := c.plan.Totals()
	if c.run.o.AllowEmptySource || c.run.o.Range != nil || t.SrcEntries+t.Refused+t.Conflicts+t.Errors > 0 {
		return nil
	}
	return c.run.src.nothingThere(ctx, c.run.env)
}

// Guard returns the [GuardError] that keeps the plan from being applied, or nil.
func (c *Changes) Guard() error { return c.stopped }

// All yields the actions of the plan, as often as wanted; see
// [reconcile.Plan.All].
func (c *Changes) All() iter.Seq2[Action, error] { return c.plan.All() }

// Totals returns the counts of the plan.
func (c *Changes) Totals() reconcile.Totals { return c.plan.Totals() }

// Result returns the plan as the result of a run that wrote nothing.
func (c *Changes) Result() Result {
	t := c.plan.Totals()
	res := Result{
		Summary: reconcile.Summary{
			Files: t.Files, Links: t.Links, NewFiles: t.NewFiles, NewLinks: t.NewLinks, Deletes: t.Deletes, Headers: t.Headers, Dirs: t.Dirs, Kept: t.Kept, BySizeTime: t.BySizeTime,
			Refused: t.Refused, Conflicts: t.Conflicts, Errors: t.Errors, Bytes: t.Bytes, Compared: t.Compared,
			Notes: c.run.links.change.Notes,
		},
		Planned: true, Need: t.Need, Reread: t.Reread, Routes: c.run.links.change,
	}
	c.run.finish(&res)
	return res
}

// Versions reports whether the destination keeps older versions of entries that
// are deleted or overwritten. It asks the store only if the plan does that.
func (c *Changes) Versions(ctx context.Context) (core.Versions, error) {
	v, ok := core.As[core.Versioner](c.run.dst.tree)
	t := c.plan.Totals()
	overwrites := t.Files+t.Links > 0 && t.DstEntries > t.Kept+t.Deletes+t.Headers
	if !ok || t.Deletes == 0 && !overwrites {
		return core.VersionsUnknown, nil
	}
	return v.Versioning(ctx)
}

// Backup names the tree that gets entries before they are overwritten or deleted;
// it is empty if there is none.
func (c *Changes) Backup() string { return c.run.backup.name }

// Close closes the plan, and the trees that were opened for it.
func (c *Changes) Close() error {
	return errors.Join(c.plan.Close(), c.run.close())
}

// Spent returns the requests that the trees have sent until now, and about their cost.
func (c *Changes) Spent() (core.Requests, Estimate) { return c.run.account(core.Requests{}) }

var errApplied = errors.New("the plan was applied already")

// apply carries out the plan, unless a guard stops it.
func (c *Changes) apply(ctx context.Context) (Result, error) {
	r := c.run
	switch {
	case c.stopped != nil:
		res := Result{}
		r.finish(&res)
		return res, c.stopped
	case c.applied:
		return Result{}, errApplied
	}
	c.applied = true
	if err := r.makeDestination(ctx); err != nil {
		return Result{}, err
	}
	sum, err := r.rec.Apply(ctx, c.plan, r.o.event)
	res := Result{Summary: sum, Backup: r.backup.name}
	if err == nil {
		err = r.links.apply(ctx, r, &res)
	}
	if c, ok := core.As[core.Creator](r.dst.tree); ok && c.Created() {
		res.Made = r.dst.place()
	}
	r.finish(&res)
	if err == nil {
		err = res.incomplete(r.o.Strict)
	}
	return res, err
}

// makeDestination opens the destination for writing if an empty tree stands in
// for it.
func (r *run) makeDestination(ctx context.Context) error {
	if err := r.makeBackup(ctx); err != nil || !r.absent {
		return err
	}
	if r.o.DirLinks == DirLinksRules {
		return &OptionError{Option: "dir-links", Err: errors.New("the routing rules of a destination that does not exist cannot be planned: make it first")}
	}
	if err := r.openDestination(ctx, true); err != nil {
		return err
	}
	r.absent = false
	r.dst.tree = r.cached(r.dst)
	r.rec.Dst = r.destination()
	return nil
}

// makeBackup opens the backup for writing, where the plan was made without.
func (r *run) makeBackup(ctx context.Context) error {
	if r.backup.url == nil || r.backup.write {
		return nil
	}
	if err := errors.Join(r.backup.close(), r.backup.open(ctx, r.env, true)); err != nil {
		return err
	}
	r.rec.Backup = r.backup.backend(r.o.Bandwidth)
	return nil
}

// A Result counts the outcomes of a run, or the actions of a plan.
type Result struct {
	// Summary has the counts; those of a plan are of the work ahead.
	reconcile.Summary
	// Planned says that nothing was written.
	Planned bool
	// Detect is how it was found out that files are unchanged.
	Detect Detect
	// Requests were sent, by both trees and the backup.
	Requests core.Requests
	// Need are the requests that applying a plan takes besides.
	Need core.Requests
	// Reread is how many bytes applying a plan reads once more, because the
	// destination wants the md5 of a large file first.
	Reread int64
	// Cost is about the cost of Requests and Need.
	Cost Estimate
	// Routes is the change of the website's routing rules.
	Routes core.RouteChange
	// Backup names the tree that has the entries counted by Saved.
	Backup string
	// Made is the place of a destination that did not exist, and was made: a path
	// or a URL.
	Made string
	// Elapsed is how long the run took.
	Elapsed time.Duration
}

// Changed reports whether anything was, or would be, written or removed.
func (r *Result) Changed() bool {
	return r.Files+r.Links+r.Deletes+r.Headers+r.Dirs > 0 || r.Routes.Any()
}

// Differs reports whether the destination is not as the source.
func (r *Result) Differs() bool { return r.Changed() || r.Conflicts > 0 }

// incomplete returns an IncompleteError if the counts call for it.
func (r *Result) incomplete(strict bool) error {
	if r.Errors > 0 || r.Conflicts > 0 || strict && r.Refused > 0 {
		return &IncompleteError{Errors: r.Errors, Conflicts: r.Conflicts, Refused: r.Refused}
	}
	return nil
}

// finish fills in the requests, their cost and the time.
func (r *run) finish(res *Result) {
	res.Detect = r.o.Detect
	res.Requests, res.Cost = r.account(res.Need)
	res.Elapsed = time.Since(r.started)
}
