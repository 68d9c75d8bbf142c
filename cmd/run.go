package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/ignore"

	"github.com/s3fc/s3fc/core/reconcile"
)

// defaultExcludes is what desktops leave lying about.
var defaultExcludes = []string{".DS_Store", "._*"}

// run is one comparison of two trees, and what is made of it.
type run struct {
	*app
	*compare
	dryRun   bool
	exact    bool // the plan is for later, or from earlier
	src, dst place
	started  time.Time
	rep      reporter
	bar      *bar

	env      core.Env
	from, to core.Backend // the trees as they were opened
	rules    *ignore.Set
	rec      *reconcile.Reconciler
	routes   dirRules
	backup   backup
	apart    []string // keys of the destination at which other trees of the run lie
}

// newRun reads the arguments, and opens nothing yet.
func (a *app) newRun(cmd *cobra.Command, c *compare, args []string) (*run, error) {
	r := &run{app: a, compare: c, started: time.Now()}
	err := c.output.check(cmd)
	if err != nil {
		return nil, err
	}
	if r.src, err = a.parse(cmd, "SRC", args[0]); err != nil {
		return nil, err
	}
	if r.dst, err = a.parse(cmd, "DST", args[1]); err != nil {
		return nil, err
	}
	if err := r.checkRelation(cmd); err != nil {
		return nil, err
	}
	r.rep = newReporter(a.con, &c.output)
	r.env = c.env(a, &c.output, c.options())
	return r, nil
}

// copy makes the destination equal to the source, or says what it would do.
func (r *run) copy(ctx context.Context) error {
	return r.finish(r.planned(ctx, func(plan *reconcile.Plan) (outcome, error) {
		guarded := r.guard(ctx, plan)
		switch {
		case r.dryRun:
			out, err := r.show(ctx, plan)
			return r.noteBackup(r.shownRoutes(out)), cmp.Or(err, guarded)
		case guarded != nil:
			return outcome{}, guarded
		}
		out, err := r.apply(ctx, plan)
		out = r.noteBackup(out)
		if err != nil {
			return out, err
		}
		return r.route(ctx, out)
	}))
}

// checkRelation holds that the two trees share nothing. A source inside the
// destination, as a backup may be, can be copied where nothing is deleted.
func (r *run) checkRelation(cmd *cobra.Command) error {
	how := relation(r.src, r.dst)
	switch {
	case how == "":
		return nil
	case how == liesInside && r.deleteMode() == reconcile.DeleteNever:
		return r.setApart(cmd, r.src)
	case how == liesInside:
		how += " (which can be, with --delete=never)"
	}
	return usageError(cmd, "the source %s: %s and %s; expected two trees that share nothing", how, r.src.arg, r.dst.arg)
}

// guard says whether the plan may be carried out. It writes nothing.
func (r *run) guard(ctx context.Context, plan *reconcile.Plan) error {
	if err := r.rec.Guard(plan); err != nil {
		return &exitError{exitGuarded, err}
	}
	return r.checkRoutes(ctx)
}

// diff says what copy would do; it is an error if that is anything.
func (r *run) diff(ctx context.Context) error {
	res := r.planned(ctx, func(plan *reconcile.Plan) (outcome, error) {
		if err := r.checkRoutes(ctx); err != nil {
			return outcome{}, err
		}
		out, err := r.show(ctx, plan)
		return r.shownRoutes(out), err
	})
	err := r.finish(res)
	if err == nil && res.changes() {
		return errSaid
	}
	return err
}

// result is what came of a run, and why it ended early, if it did.
type result struct {
	outcome
	err error
}

// planned opens the trees, makes the plan and gives it to use.
func (r *run) planned(ctx context.Context, use func(*reconcile.Plan) (outcome, error)) result {
	return r.opened(ctx, func() (outcome, error) {
		plan, err := r.prepare(ctx)
		if err != nil {
			return outcome{}, err
		}
		defer func() { _ = plan.Close() }() // a temporary file that stays loses nothing
		out, err := use(plan)
		if errors.Is(err, core.ErrEmptySource) && r.isOne(ctx, r.src, r.env) {
			err = r.oneObject(r.src)
		}
		return out, err
	})
}

// opened opens the trees, calls use, and closes them.
func (r *run) opened(ctx context.Context, use func() (outcome, error)) (res result) {
	if err := r.open(ctx); err != nil {
		return result{err: err}
	}
	r.rules = r.ignoreSet(ctx)
	defer func() {
		_ = closeTree(r.from) // only read
		if err := errors.Join(closeTree(r.to), r.closeBackup()); err != nil {
			res.err = errors.Join(res.err, err)
		}
	}()
	if err := r.openBackup(ctx); err != nil {
		return result{err: err}
	}
	if err := r.checkDirLinks(ctx); err != nil {
		return result{err: err}
	}
	r.reconciler()
	r.bar = newBar(ctx, r.con, &r.output)
	defer r.bar.end()
	out, err := use()
	return result{out, err}
}

func (r *run) open(ctx context.Context) (err error) {
	seen := r.env
	seen.Hidden = r.hidden // by rules that there are when it is listed
	if r.from, err = r.openSource(ctx, r.src, seen); err != nil {
		return err
	}
	if r.to, err = r.openDestination(ctx, r.dst, r.env, r.dryRun); err != nil {
		_ = closeTree(r.from) // only read
		return err
	}
	r.from, r.to = r.over(r.from, r.env), r.over(r.to, r.env)
	return nil
}

// ignoreSet returns the rules of the run: those of the flags, and those in the
// ignore files of each side that is a hierarchy.
func (r *run) ignoreSet(ctx context.Context) *ignore.Set {
	var defaults ignore.Rules
	for _, p := range defaultExcludes {
		_ = defaults.Exclude(p) // they are good patterns
	}
	var sources []ignore.Source
	if r.from != nil {
		sources = append(sources, ignore.OfTree(ctx, r.from, r.src.arg))
	}
	if r.to != nil {
		sources = append(sources, ignore.OfTree(ctx, r.to, r.dst.arg))
	}
	return ignore.NewSet(&r.selection.rules, &defaults, sources...)
}

func (r *run) reconciler() {
	to := wrap.Filter(r.to, r.hidden)
	if n := r.bandwidth.perSecond; n > 0 {
		to = wrap.Limit(to, 0, n)
	}
	r.rec = &reconcile.Reconciler{
		Src:              r.source(),
		Dst:              to,
		Backup:           r.saving(),
		Delete:           r.deleteMode(),
		MaxDelete:        r.maxDelete.limit,
		AllowEmptySource: r.allowEmptySource,
		Jobs:             r.jobs,
		Resolve:          r.dryRun,
		Keeps:            r.verbose,
		Exact:            r.exact,
		Budget:           r.env.Budget,
		Buffers:          r.env.Buffers,
		Notice:           func(s string) { r.rep.notice(s) },
		Progress:         func(p reconcile.Progress) { r.bar.update(p) },
	}
}

// prepare makes the plan, by rules that do not change from then on.
func (r *run) prepare(ctx context.Context) (*reconcile.Plan, error) {
	plan, err := r.rec.Prepare(ctx)
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	if err := r.rules.Err(); err != nil {
		_ = plan.Close() // it is not used
		return nil, err
	}
	r.rules.Freeze()
	return plan, nil
}

// explain says what it means that a tree could not be listed.
func (r *run) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case isGuard(err):
		return &exitError{exitGuarded, err}
	case errors.Is(err, fs.ErrNotExist) && r.missing(ctx):
		return fmt.Errorf("the source %s does not exist: %w", r.src.arg, err)
	case core.IsTransient(err), errors.Is(err, fs.ErrPermission):
		return err
	case r.isOne(ctx, r.src, r.env):
		return r.oneObject(r.src)
	case r.isOne(ctx, r.dst, r.env):
		return r.oneObject(r.dst)
	}
	return err
}

// missing reports whether it is the source that does not exist.
func (r *run) missing(ctx context.Context) bool {
	for _, err := range r.from.List(ctx, "") {
		return errors.Is(err, fs.ErrNotExist)
	}
	return false
}

func (r *run) oneObject(p place) error {
	return &exitError{exitUsage, fmt.Errorf("%s names one entry, not a tree: give the tree that it lies in", p.arg)}
}

// show prints the plan.
func (r *run) show(ctx context.Context, plan *reconcile.Plan) (outcome, error) {
	for act, err := range plan.All() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return planOutcome(plan), err
		}
		r.rep.action(act)
	}
	return planOutcome(plan), nil
}

func (r *run) apply(ctx context.Context, plan *reconcile.Plan) (outcome, error) {
	sum, err := r.rec.Apply(ctx, plan, r.rep.action)
	return outcome{Summary: sum}, err
}

// finish prints the summary, and returns what the run's exit code is to be.
func (r *run) finish(res result) error {
	out := res.outcome
	out.DryRun = r.dryRun
	out.Elapsed = time.Since(r.started)
	out.Stopped = res.err
	r.account(&out)
	var signal *interrupted
	if out.Stopped == nil || r.json || out.any() || errors.As(out.Stopped, &signal) {
		r.rep.summary(out)
	}
	switch {
	case res.err != nil:
		return res.err
	case out.Errors > 0, out.Conflicts > 0 && !r.dryRun, out.Refused > 0 && r.strict:
		return errSaid
	}
	return nil
}
