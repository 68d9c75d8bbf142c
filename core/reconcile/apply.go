package reconcile

import (
	"context"
	"fmt"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/spool"
)

// applier carries out one plan, phase by phase.
type applier struct {
	jobs     int
	acts     *spool.Spool[Action] // of the plan
	has      [stages]bool
	transfer *mover
	saver    *saver // nil without a backup
	replacer *replacer
	deleter  *deleter
	tally    *tally
	targets  emptyTargets

	mu         sync.Mutex
	foundLinks *spool.Spool[Action] // links that a listing took for files
}

// Apply carries out a plan of this Reconciler: files, then pages, then links, then
// replacements and deletes. It calls report, serially, with the outcome of each
// action; of kept entries only if the plan lists them. A failure is reported and
// counted, and the rest goes on, but nothing is deleted then. The error is not nil
// only if the run could not go on to its end: the context's, one that
// [core.IsFinal] marks, or one of a temporary file. The summary is right in any
// case.
func (r *Reconciler) Apply(ctx context.Context, p *Plan, report func(Action)) (Summary, error) {
	dst := r.Dst
	if !r.stale.empty() {
		dst = wrap.Freeze(r.Dst, r.stale.has)
	}
	a := newApplier(ctx, r, dst, p, report)
	ctx = withWatcher(ctx, a.tally.watch)
	defer a.tally.closeProgress()
	defer a.foundLinks.Close() //nolint:errcheck // A temporary file that cannot be closed loses nothing.
	err := a.run(ctx)
	if err == nil {
		a.finish(ctx, dst, r.Delete != DeleteNever)
	}
	return a.tally.summary(), err
}

// newApplier returns the applier of a plan of r that writes to dst.
func newApplier(ctx context.Context, r *Reconciler, dst core.Backend, p *Plan, report func(Action)) *applier {
	tally := newTally(ctx, r, p, report)
	transfer := &mover{
		src: r.Src, dst: dst, asker: r.asker(), buffers: r.Buffers, exact: r.Exact, moved: tally.addBytes,
		hashing: newHashTurns(), run: r,
	}
	return &applier{
		jobs: r.jobs(), acts: p.acts, has: p.has, tally: tally,
		transfer: transfer, saver: newSaver(r, tally), targets: emptyTargets{src: unwrapped(r.Src)},
		replacer:   &replacer{transfer: transfer, tally: tally, tempDir: r.TempDir},
		deleter:    &deleter{dst: dst, tally: tally, jobs: r.jobs(), found: &transfer.found},
		foundLinks: spool.New[Action](r.TempDir, spoolBound),
	}
}

func (a *applier) run(ctx context.Context) error {
	for _, phase := range []func(context.Context) error{a.putFiles, a.putPages, a.putLinks, a.saveDeletes, a.replace, a.delete, a.removeDirs} {
		err := phase(ctx)
		a.tally.endPhase()
		if err != nil {
			return err
		}
		if err := a.tally.fatalError(); err != nil {
			return a.tally.unfinished(err)
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// finish lets the destination take its last steps. mayDelete says that the run was
// allowed to delete.
func (a *applier) finish(ctx context.Context, dst core.Tree, mayDelete bool) {
	a.tally.addNotes(a.targets.notes(ctx))
	f, ok := core.As[core.Finisher](dst)
	if !ok {
		return
	}
	done := core.Done{LinksPut: a.tally.summary().Links, Deletes: mayDelete && a.tally.mayDelete()}
	notes, err := f.Finish(ctx, done)
	a.tally.addNotes(notes)
	if err != nil {
		a.tally.add(Action{Op: OpFail, Key: ".", Reason: ReasonWrite, Err: err})
	}
}

// replaces reports whether an action needs something of the destination to go.
func (a Action) replaces() bool { return a.Group != "" || a.Obstacle != nil }

// putFiles puts the plan's files, and reports refusals, conflicts and errors, which
// need no work. While the store refuses all files of one directory of the root, the
// rest of that directory waits for the files of others.
func (a *applier) putFiles(ctx context.Context) error {
	a.tally.begin(PhaseFiles)
	var waiting positions
	at := 0
	err := a.each(ctx, a.acts, func(act Action) func(context.Context) {
		at++
		switch {
		case act.Op != OpPut && act.Op != OpHeaders && act.Op != OpDelete && act.Op != OpRemoveDir:
			a.tally.addPlanned(act)
			return nil
		case act.Phase() != PhaseFiles:
			return nil
		case a.tally.refusesAllOf(act.Key):
			waiting.add(at)
			return nil
		}
		return func(ctx context.Context) { a.putFile(ctx, act) }
	})
	if err != nil || len(waiting.ranges) == 0 {
		return err
	}
	at = 0
	return a.each(ctx, a.acts, func(act Action) func(context.Context) {
		if at++; !waiting.take(at) {
			return nil
		}
		return func(ctx context.Context) { a.putFile(ctx, act) }
	})
}

// putPages puts the plan's pages, so that none is there before the files that it
// refers to.
func (a *applier) putPages(ctx context.Context) error {
	if !a.has[pagePuts] {
		return nil
	}
	a.tally.begin(PhasePages)
	return a.each(ctx, a.acts, func(act Action) func(context.Context) {
		if act.Phase() != PhasePages {
			return nil
		}
		return func(ctx context.Context) { a.putFile(ctx, act) }
	})
}

// putLinks puts the plan's links, and those that a listing took for files.
func (a *applier) putLinks(ctx context.Context) error {
	a.tally.begin(PhaseLinks)
	work := func(act Action) func(context.Context) {
		if act.Phase() != PhaseLinks {
			return nil
		}
		return func(ctx context.Context) { a.putLink(ctx, act) }
	}
	if a.has[linkPuts] {
		if err := a.each(ctx, a.acts, work); err != nil {
			return err
		}
	}
	return a.each(ctx, a.foundLinks, work)
}

// saveDeletes saves all entries that the rest of the run deletes, before its first
// delete: if one of them cannot be saved, none is deleted.
func (a *applier) saveDeletes(ctx context.Context) error {
	if a.saver == nil || !a.tally.mayDelete() {
		return nil
	}
	return a.each(ctx, a.acts, func(act Action) func(context.Context) {
		if act.Op != OpDelete || !a.tally.mayDelete() {
			return nil
		}
		return func(ctx context.Context) {
			if out, ok := a.saver.save(ctx, act, act.Dst); !ok {
				a.tally.add(out)
			}
		}
	})
}

func (a *applier) replace(ctx context.Context) error {
	a.tally.begin(PhaseDeletes)
	if !a.has[replacing] {
		return nil
	}
	return a.replacer.run(ctx, a.acts)
}

func (a *applier) delete(ctx context.Context) error {
	if !a.has[deleting] {
		return nil
	}
	return a.deleter.run(ctx, a.acts)
}

func (a *applier) removeDirs(ctx context.Context) error {
	if !a.has[removingDirs] {
		return nil
	}
	return a.deleter.removeDirs(ctx, a.acts)
}

func (a *applier) each(ctx context.Context, acts *spool.Spool[Action], pick func(Action) func(context.Context)) error {
	return each(ctx, a.jobs, acts, a.tally, pick)
}

// putFile puts a file, or, if it turns out to be a link, leaves it to putLinks.
func (a *applier) putFile(ctx context.Context, act Action) {
	ctx, done := watchFile(ctx, act.Src)
	defer done()
	if act.Op == OpHeaders {
		a.tally.add(a.transfer.setHeaders(ctx, act))
		return
	}
	act, ok := a.saver.save(ctx, act, act.Dst)
	if ok {
		act = a.transfer.putFile(ctx, act)
	}
	if act.Op == OpPut && act.Src.Kind == core.Link {
		a.postpone(act)
		return
	}
	a.tally.add(act)
}

// putLink puts a link, unless its target could not be put, in an exact run only if
// it is still the link that was planned.
func (a *applier) putLink(ctx context.Context, act Action) {
	out, ok := a.checkTarget(act)
	if ok {
		out, ok = a.transfer.plannedLink(ctx, act)
	}
	if ok {
		out, ok = a.saver.save(ctx, act, act.Dst)
	}
	if ok {
		out = a.transfer.putLink(ctx, act)
		a.targets.add(out, a.transfer.asker.rules.src)
	}
	a.tally.add(out)
}

// checkTarget reports whether this run did not fail to put the target of a link; if
// it did, the outcome is that the link stays as it was.
func (a *applier) checkTarget(act Action) (outcome Action, ok bool) {
	if act.Op != OpPut || !a.tally.targetFailed(act.Src.Target) {
		return act, true
	}
	err := fmt.Errorf("skipped: its target %s could not be written; run again to make the link",
		core.DisplayKey(act.Src.Target.Key))
	return failure(act, ReasonNoTarget, err), false
}

func (a *applier) postpone(act Action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.foundLinks.Add(act.clone()); err != nil {
		a.tally.stop(err)
	}
}

// failure is the outcome of an action that went wrong.
func failure(act Action, reason Reason, err error) Action {
	act.Op, act.Reason, act.Err = OpFail, reason, err
	return act
}
