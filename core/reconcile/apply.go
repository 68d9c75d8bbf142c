package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/spool"
)

// Summary says what a run did.
type Summary struct {
	Files, Links, Deletes            int64 // done
	Kept, Refused, Conflicts, Errors int64
	Bytes                            int64 // of the files that were put
	Saved                            int64 // to Reconciler.Backup
	// Undeleted are the deletes of the plan that were not done because
	// something failed.
	Undeleted int64
	// Notes are remarks for the user, one sentence each.
	Notes []string
}

// applier carries out one plan.
type applier struct {
	*Reconciler
	asker  *asker
	keeper *keeper // nil without a backup
	plan   *Plan
	report func(Action)

	mu       sync.Mutex // guards all below, and report
	sum      Summary
	progress Progress
	last     time.Time // of the last word to Progress
	failed   bool      // something failed, so nothing is deleted
	fatal    error     // no further operation can succeed
	late     *spool.Spool[Action]
	broken   broken
}

// Apply carries out a plan of this Reconciler: files, then links, then
// replacements and deletes. It tells report, serially, what came of each
// action; the kept ones only if the plan holds them. What fails is reported and
// counted, and the rest goes on, but nothing is deleted then. The error is not
// nil only if the run could not go on to its end: the context's, [core.ErrBudget],
// or one of a temporary file. The summary is right in any case.
func (r *Reconciler) Apply(ctx context.Context, p *Plan, report func(Action)) (Summary, error) {
	held := *r
	held.Dst = holdStale(r.Dst, r.stale)
	a := &applier{
		Reconciler: &held, asker: r.asker(), keeper: newKeeper(r), plan: p, report: report,
		late: spool.New[Action](r.TempDir, spoolBound),
	}
	defer a.late.Close() //nolint:errcheck // A temporary file that cannot be closed loses nothing.
	t := p.Totals()
	a.sum.Kept = t.Kept
	a.failed = t.Errors > 0
	a.progress = Progress{Total: t.Files + t.Links, TotalBytes: t.Bytes}
	err := a.run(ctx)
	if err == nil {
		a.finish(ctx)
	}
	return a.sum, err
}

func (a *applier) run(ctx context.Context) error {
	for _, phase := range []func(context.Context) error{a.files, a.links, a.saves, a.replacements, a.deletes} {
		if err := phase(ctx); err != nil {
			return err
		}
		if a.fatal != nil {
			return a.fatal
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

func (a *applier) finish(ctx context.Context) {
	f, ok := core.As[core.Finisher](a.Dst)
	if !ok {
		return
	}
	notes, err := f.Finish(ctx, core.Done{LinksPut: a.sum.Links, Deletes: !a.failed && a.Delete != DeleteNever})
	a.sum.Notes = append(a.sum.Notes, notes...)
	if err != nil {
		a.done(Action{Op: OpFail, Key: ".", Reason: ReasonWrite, Err: err})
	}
}

// replaces reports whether an action needs something of the destination to go.
func (a Action) replaces() bool { return a.Group != "" || a.Obstacle != nil }

// files puts the plan's files, and reports what the plan has nothing to do
// about.
func (a *applier) files(ctx context.Context) error {
	a.phase(PhaseFiles)
	return a.each(ctx, a.plan.acts, func(act Action) func(context.Context) {
		switch {
		case act.Op != OpPut && act.Op != OpDelete:
			a.passOn(act)
			return nil
		case act.Op != OpPut || act.replaces() || act.Src.Kind != core.File:
			return nil
		}
		return func(ctx context.Context) { a.settleFile(ctx, act) }
	})
}

// links puts the plan's links, and those that were found behind what was
// listed as files.
func (a *applier) links(ctx context.Context) error {
	a.phase(PhaseLinks)
	work := func(act Action) func(context.Context) {
		if act.Op != OpPut || act.replaces() || act.Src.Kind != core.Link {
			return nil
		}
		return func(ctx context.Context) { a.settleLink(ctx, act) }
	}
	if a.plan.has[linkPuts] {
		if err := a.each(ctx, a.plan.acts, work); err != nil {
			return err
		}
	}
	return a.each(ctx, a.late, work)
}

// each runs the work that pick chooses with Jobs workers, and waits for it. No
// work is started once the context ended or the run cannot go on.
func (a *applier) each(ctx context.Context, acts *spool.Spool[Action], pick func(Action) func(context.Context)) error {
	workers := newLimiter(a.jobs())
	defer workers.wait()
	for act, err := range acts.All() {
		if err != nil {
			return err
		}
		work := pick(act)
		if work == nil {
			continue
		}
		workers.run(func() {
			if ctx.Err() == nil && !a.stopped() {
				work(ctx)
			}
		})
		if ctx.Err() != nil || a.stopped() {
			return nil
		}
	}
	return nil
}

func (a *applier) stopped() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fatal != nil
}

// settleFile puts a file, or hands what it turned out to be to the links.
func (a *applier) settleFile(ctx context.Context, act Action) {
	act, ok := a.save(ctx, act, act.Dst)
	if ok {
		act = a.putFile(ctx, act)
	}
	if act.Op == OpPut && act.Src.Kind == core.Link {
		a.postpone(act)
		return
	}
	a.done(act)
}

// settleLink puts a link, in an exact run only if it is still the one that was
// planned.
func (a *applier) settleLink(ctx context.Context, act Action) {
	out, ok := a.leads(act)
	if ok {
		out, ok = a.sameLink(ctx, act)
	}
	if ok {
		out, ok = a.save(ctx, act, act.Dst)
	}
	if ok {
		out = a.putLink(ctx, act)
	}
	a.done(out)
}

func (a *applier) postpone(act Action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.late.Add(act.clone()); err != nil {
		a.fatal = err
	}
}

// passOn reports an action of the plan that there is nothing to do about.
func (a *applier) passOn(act Action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch act.Op {
	case OpRefuse:
		a.sum.Refused++
	case OpConflict:
		a.sum.Conflicts++
	case OpFail:
		a.sum.Errors++
		a.broken.add(act)
	}
	a.say(act)
}

// done counts and reports what came of an action. What the end of the context
// broke off is not an outcome.
func (a *applier) done(act Action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch act.Op {
	case OpKeep:
		a.sum.Kept++
	case OpPut:
		a.countPut(act)
	case OpDelete:
		a.sum.Deletes++
	case OpRefuse:
		a.sum.Refused++
	case OpConflict:
		a.sum.Conflicts++
	case OpFail:
		a.failed = true
		switch {
		case errors.Is(act.Err, context.Canceled):
			return
		case errors.Is(act.Err, core.ErrBudget):
			a.fatal = act.Err
		}
		a.sum.Errors++
		a.broken.add(act)
	}
	a.tell(true)
	if act.Op != OpKeep || a.Keeps {
		a.say(act)
	}
}

func (a *applier) countPut(act Action) {
	a.progress.Done++
	if act.Src.Kind == core.Link {
		a.sum.Links++
		return
	}
	a.sum.Files++
	a.sum.Bytes += act.Bytes
}

func (a *applier) say(act Action) {
	if a.report != nil {
		a.report(act)
	}
}

func (a *applier) phase(p Phase) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.progress.Phase = p
	a.tell(true)
}

// moved counts bytes of bodies for Progress.
func (a *applier) moved(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.progress.DoneBytes += int64(n)
	a.tell(false)
}

const progressEvery = 50 * time.Millisecond

func (a *applier) tell(now bool) {
	if a.Progress == nil {
		return
	}
	if t := time.Now(); now || t.Sub(a.last) > progressEvery {
		a.last = t
		a.Progress(a.progress)
	}
}

// mayDelete reports whether nothing has failed so far.
func (a *applier) mayDelete() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.failed && a.fatal == nil
}

func (a *applier) undeleted(n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sum.Undeleted += n
}

// limiter runs functions, so many at a time.
type limiter struct {
	work chan func()
	idle int // workers that may still be started
	wg   sync.WaitGroup
}

func newLimiter(n int) *limiter { return &limiter{work: make(chan func()), idle: n} }

// run waits for a free worker, which runs f. Workers stay, for a goroutine
// whose stack has grown is cheaper than a new one.
func (l *limiter) run(f func()) {
	select {
	case l.work <- f:
		return
	default:
	}
	if l.idle == 0 {
		l.work <- f
		return
	}
	l.idle--
	l.wg.Go(func() {
		f()
		for f := range l.work {
			f()
		}
	})
}

// wait waits for all that runs. It is called once, and no run follows it.
func (l *limiter) wait() {
	close(l.work)
	l.wg.Wait()
}

// failure is the outcome of an action that went wrong.
func failure(act Action, reason Reason, err error) Action {
	act.Op, act.Reason, act.Err = OpFail, reason, err
	return act
}

// notDone is the outcome of a replacement that was not even begun, because
// something else failed.
func notDone(act Action) Action {
	act.Op, act.Reason = OpConflict, ReasonInTheWay
	act.Err = fmt.Errorf("%w: what is in its way is not deleted, because something in this run failed", core.ErrConflict)
	return act
}
