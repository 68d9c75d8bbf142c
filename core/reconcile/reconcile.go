package reconcile

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// DefaultJobs is how many operations run at once unless told otherwise, at most:
// a backend may begin with fewer requests, and see whether more help.
const DefaultJobs = 128

// A Reconciler makes Dst equal to Src. Its fields are set before use and not
// changed while it runs; the zero value of each, but for the two trees, is a
// good default. A Reconciler cannot write to its source.
type Reconciler struct {
	Src core.Tree
	Dst core.Backend

	// Delete says which entries that only the destination has are deleted.
	Delete DeleteMode
	// Detect says how a run finds out that a file is unchanged.
	Detect Detect
	// Headers says how headers are found out that other tools gave.
	Headers Headers
	// TypeOf returns the media type that a destination gives a file without headers,
	// by its key; nil if that is not known.
	TypeOf func(key string) string
	// MaxDelete limits the deletes of a run, all or none of them.
	MaxDelete DeleteLimit
	// AllowEmptySource lets a source that holds nothing empty the destination.
	AllowEmptySource bool

	// Backup, if not nil, gets each entry of Dst that Apply overwrites or deletes,
	// at its own key, before that is done. An entry that cannot be saved is left as
	// it is, which is a failure; nothing in Backup is overwritten, and it shares no
	// entry with the two trees but those that they hide.
	Backup core.Backend

	// IsPage reports whether a file is a page, which refers to other files and so is
	// put after them; nil means [IsPage].
	IsPage func(key string) bool

	// Jobs is how many operations run at once; 0 means [DefaultJobs].
	Jobs int
	// Resolve asks about entries of the source that may be links while planning, so
	// that the plan knows their kind; otherwise their transfer tells.
	Resolve bool
	// Keeps makes the plan hold the Keep actions too; otherwise they are counted.
	Keeps bool
	// Exact makes Apply carry out each action as it was planned or not at all: a
	// changed entry of the source is a failure, and is not decided about again. It
	// is for plans that were made a while ago; see [Reconciler.Recheck].
	Exact bool

	// Budget, if not nil, limits the requests of the run.
	Budget *core.Budget
	// Buffers is the memory that bodies may take; see [core.Buffers] for nil.
	Buffers *core.Buffers
	// TempDir is where plans and sorted listings go that are too large for
	// memory; empty means [os.TempDir].
	TempDir string

	// Notice, if not nil, receives remarks for the user, one sentence each.
	Notice func(string)
	// Progress, if not nil, is told often how far the run is. It may be called
	// from several goroutines, one at a time.
	Progress func(Progress)

	sortSrc, sortDst bool
	stale            *keySet // keys of the destination where something else is than the plan saw
}

// Progress is how far a run is.
type Progress struct {
	Phase  Phase
	Listed int64 // keys of both trees together that were compared
	// Of the puts: done and all, in entries and bytes. The totals are 0 while
	// listing.
	Done, Total           int64
	DoneBytes, TotalBytes int64
	// Hashed is how many bytes were read for an md5 before anything was sent or
	// decided about them.
	Hashed int64
	// Large are some of the large files that are in flight.
	Large []FileProgress
}

// Phase is a part of a run.
type Phase uint8

// The phases, in their order.
const (
	PhaseListing Phase = iota
	PhaseFiles
	PhasePages
	PhaseLinks
	PhaseDeletes
)

var phaseNames = [...]string{"listing", "files", "pages", "links", "deletes"}

// IsPage reports whether key ends in ".html".
func IsPage(key string) bool { return strings.HasSuffix(key, ".html") }

// String returns the phase's name.
func (p Phase) String() string { return phaseNames[p] }

func (r *Reconciler) jobs() int {
	if r.Jobs > 0 {
		return r.Jobs
	}
	return DefaultJobs
}

func (r *Reconciler) rules() rules {
	rules := newRules(r.Src, r.Dst)
	rules.del, rules.detect, rules.headers, rules.resolve = r.Delete, r.Detect, r.Headers, r.Resolve
	return rules
}

func (r *Reconciler) asker() *asker { return newAsker(r.Src, r.Dst, r.rules()) }

func (r *Reconciler) notice(s string) {
	if r.Notice != nil {
		r.Notice(s)
	}
}

// Plan compares the two trees and yields the actions, Keep included. It writes
// nothing. An error of a single key is an action; one that the sequence yields ends
// it, and the actions before it must not be carried out then: an [*OrderError] says
// that a listing was out of order. [Reconciler.Prepare] takes care of that.
//
// The actions come in key order, but for those that wait until the entries below
// them are known, and the actions of a replacement, which follow each other.
func (r *Reconciler) Plan(ctx context.Context) iter.Seq2[Action, error] {
	return func(yield func(Action, error) bool) {
		errStop := errors.New("stop")
		h := r.newLeafStack(func(a Action) error {
			if !yield(a, nil) {
				return errStop
			}
			return nil
		})
		defer h.close()
		err := r.plan(ctx, h)
		if err != nil && !errors.Is(err, errStop) {
			yield(Action{}, err)
		}
	}
}

// newLeafStack returns the leafStack of a plan, which gives its actions to out.
func (r *Reconciler) newLeafStack(out func(Action) error) *leafStack {
	s := &leafStack{flat: r.Dst.Features().Flat, dir: r.TempDir}
	isPage := r.IsPage
	if isPage == nil {
		isPage = IsPage
	}
	s.out = func(act Action) error {
		s.turnover.add(act)
		act.Page = (act.Op == OpPut && act.Src.Kind == core.File || act.Op == OpHeaders) && isPage(act.Key)
		return out(act)
	}
	if s.flat && !r.Src.Features().Flat && r.Delete == DeleteAfter {
		s.pairs = &pairs{dir: r.TempDir, out: s.out}
	}
	return s
}

func (r *Reconciler) plan(ctx context.Context, h *leafStack) error {
	for act, err := range r.decided(ctx) {
		switch {
		case err != nil:
		case act.Op == OpFail && core.IsFinal(act.Err):
			err = act.Err // each further question would fail for the same reason
		case act.Op == OpFail && act.Reason == ReasonList:
			err = h.addListError(act)
		case act.Op == OpRemoveDir:
			err = h.addDirectory(act.Key)
		default:
			err = h.add(act)
		}
		if err != nil {
			return err
		}
	}
	return h.end()
}

// join pairs the two listings. One that is out of order is sorted, and gets no
// hint: it must not be asked for in ranges. dirs asks for the directories of the
// destination too.
func (r *Reconciler) join(ctx context.Context, dirs bool) iter.Seq2[Pair, error] {
	src, dst := Lister(r.Src.List), Lister(r.Dst.List)
	if dirs && !r.sortDst && !r.Dst.Features().Unordered {
		dst = func(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
			return core.ListDirs(ctx, r.Dst, after)
		}
	}
	if r.sortSrc || r.Src.Features().Unordered {
		src = sorted(src, r.TempDir, sortBound)
	} else {
		src = hinted(src, r.Dst, false)
	}
	if r.sortDst || r.Dst.Features().Unordered {
		dst = sorted(dst, r.TempDir, sortBound)
	} else {
		dst = hinted(dst, r.Src, true)
	}
	return Join(ctx, src, dst)
}

// maxPending is how many keys may wait behind one whose decision takes time.
const maxPending = 1024

// pending is a key whose decision is being found; done is nil if it is there.
type pending struct {
	act  Action
	done chan struct{}
}

// decided yields the action of each key by itself, in key order. Questions and
// hashes run in parallel, ahead of the yielded key.
func (r *Reconciler) decided(ctx context.Context) iter.Seq2[Action, error] {
	return func(yield func(Action, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		pool := newWorkers(r.jobs())
		defer pool.wait()
		defer cancel()
		q := &queue{yield: yield}
		asker := r.asker()
		progress, ctx := newPlanProgress(ctx, r.Progress)
		for pair, err := range r.join(ctx, r.Delete != DeleteNever) {
			if err != nil {
				yield(Action{}, err) // waiting keys depend on a listing that failed
				return
			}
			if dir, ok := pair.takeDirectory(); ok {
				if !q.push(&pending{act: Action{Op: OpRemoveDir, Key: dir}}) {
					return
				}
				if pair.Src == nil {
					continue
				}
			}
			progress.add()
			if !q.push(r.start(ctx, asker, pair, pool)) {
				return
			}
		}
		if q.flush(0) && ctx.Err() != nil {
			yield(Action{}, ctx.Err())
		}
	}
}

// start decides about a pair at once, or sets out to.
func (r *Reconciler) start(ctx context.Context, a *asker, p Pair, pool *workers) *pending {
	if p.Err != nil {
		return &pending{act: Action{Op: OpFail, Key: p.Key, Reason: ReasonList, Err: p.Err}}
	}
	if act, ok := a.decideNow(p.Key, p.Src, p.Dst); ok {
		return &pending{act: act}
	}
	w := &pending{done: make(chan struct{})}
	pool.run(func() {
		defer close(w.done)
		w.act = a.decideAsking(ctx, p.Key, p.Src, p.Dst)
	})
	return w
}

// queue yields its pending actions in order, each as soon as it is ready.
type queue struct {
	yield   func(Action, error) bool
	waiting []*pending
}

// push adds w and yields the ready ones; false means that the consumer is done.
func (q *queue) push(w *pending) bool {
	if len(q.waiting) == 0 && w.done == nil {
		return q.yield(w.act, nil)
	}
	q.waiting = append(q.waiting, w)
	return q.flush(maxPending)
}

// flush yields from the front all that are ready, and waits for others until no
// more than keep are left.
func (q *queue) flush(keep int) bool {
	for len(q.waiting) > 0 {
		w := q.waiting[0]
		if w.done != nil && !w.ready(len(q.waiting) > keep) {
			return true
		}
		q.waiting[0] = nil
		q.waiting = q.waiting[1:]
		if !q.yield(w.act, nil) {
			return false
		}
	}
	return true
}

func (w *pending) ready(wait bool) bool {
	if wait {
		<-w.done
		return true
	}
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}
