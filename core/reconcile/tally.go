package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/s3fc/s3fc/core"
)

// Summary counts the outcomes of a run.
type Summary struct {
	Files, Links, Deletes            int64 // done
	Headers                          int64 // files that got other headers; their content stayed
	Dirs                             int64 // empty directories that were removed
	Kept, Refused, Conflicts, Errors int64
	BySizeTime                       int64 // of Kept: files that were compared by size and time alone
	Bytes                            int64 // of the files that were put
	Compared                         int64 // bytes that were read to compare, or for an md5 before a file was sent
	NewFiles, NewLinks               int64 // of Files and Links: those with no entry at the destination before
	Saved                            int64 // to Reconciler.Backup
	// GivenUp are actions that were broken off because the context ended.
	GivenUp int64
	// Undeleted are the deletes of the plan that were not done because
	// something failed.
	Undeleted int64
	// Notes are remarks for the user, one sentence each.
	Notes []string
}

// tally counts and reports the outcomes of a run's actions. It is safe for
// concurrent use; its two functions are called one at a time.
type tally struct {
	keeps      bool // report OpKeep too
	report     func(Action)
	onProgress func(Progress)

	mu         sync.Mutex // guards all below, and the calls of the functions
	sum        Summary
	progress   Progress
	limit      rateLimit // of onProgress
	pending    bool      // onProgress will be called in a moment
	closed     bool      // onProgress is called no more
	watch      *watcher
	ended      func() bool // reports whether the run was interrupted
	failed     bool        // something failed, or a write met a conflict, so nothing is deleted
	fatal      error       // no further operation can succeed
	failedPuts failedPuts
	refusals   refusals
}

// newTally returns the tally of a run of r that carries out p as long as ctx lasts.
func newTally(ctx context.Context, r *Reconciler, p *Plan, report func(Action)) *tally {
	totals := p.Totals()
	t := &tally{
		keeps: r.Keeps, report: report, onProgress: r.Progress,
		ended: func() bool { return ctx.Err() != nil },
		sum:   Summary{Kept: totals.Kept, BySizeTime: totals.BySizeTime, Compared: totals.Compared}, failed: totals.Errors > 0,
		progress: Progress{Total: totals.Files + totals.Links + totals.Headers, TotalBytes: totals.Bytes},
	}
	if r.Progress != nil {
		t.watch = &watcher{moved: func() { t.addBytes(0) }}
	}
	return t
}

// addPlanned counts and reports an action that needs no work: a refusal, a
// conflict or an error of the plan.
func (t *tally) addPlanned(act Action) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.countUndone(act)
	t.callReport(act)
}

// add counts and reports the outcome of an action. An action broken off by the end
// of the context has none.
func (t *tally) add(act Action) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Compared += act.Compared
	switch act.Op {
	case OpKeep:
		t.sum.Kept++
	case OpPut:
		t.countPut(act)
		t.releaseRefusals()
	case OpHeaders:
		t.progress.Done++
		t.sum.Headers++
		t.releaseRefusals()
	case OpDelete:
		t.sum.Deletes++
		t.releaseRefusals()
	case OpRemoveDir:
		t.sum.Dirs++
	case OpConflict: // found by the write: that of a plan is in addPlanned
		t.failed = true
		t.failedPuts.add(act)
	case OpFail:
		t.failed = true
		if errors.Is(act.Err, context.Canceled) || t.ended() {
			t.sum.GivenUp++
			return
		}
		if t.endsRun(act) || t.refused(act) {
			return
		}
		t.releaseRefusals()
	}
	t.countUndone(act)
	t.callProgress(true)
	if act.Op != OpKeep || t.keeps {
		t.callReport(act)
	}
}

// endsRun reports whether the error of an action is that of the whole run, which is
// not reported for each entry.
func (t *tally) endsRun(act Action) bool {
	if !core.IsFinal(act.Err) {
		return false
	}
	if t.fatal == nil {
		t.fatal = act.Err
	}
	return !errors.Is(act.Err, core.ErrBudget)
}

// refused reports whether a failure is held back because all others so far are the
// same. It ends the run if there were enough.
func (t *tally) refused(act Action) bool {
	if !t.refusals.delay(act) {
		return false
	}
	if err := t.refusals.verdict(); err != nil && t.fatal == nil {
		t.fatal = err
	}
	return true
}

// refusesAllOf reports whether the run has got nothing but equal refusals, enough of
// them, of the directory of the root that key is in.
func (t *tally) refusesAllOf(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refusals.allOf(key)
}

// releaseRefusals reports the failures that were held back.
func (t *tally) releaseRefusals() {
	for _, act := range t.refusals.release() {
		t.countUndone(act)
		t.callReport(act)
	}
}

// endPhase reports the failures that were held back, at the end of a phase; if they
// end the run, they are counted, and its error stands for them.
func (t *tally) endPhase() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fatal == nil {
		t.releaseRefusals()
		return
	}
	t.sum.Errors += int64(len(t.refusals.release()))
}

func (t *tally) countUndone(act Action) {
	switch act.Op {
	case OpRefuse:
		t.sum.Refused++
	case OpConflict:
		t.sum.Conflicts++
	case OpFail:
		t.sum.Errors++
		t.failedPuts.add(act)
	}
}

func (t *tally) countPut(act Action) {
	t.progress.Done++
	isNew := int64(0)
	if act.Dst == nil {
		isNew = 1
	}
	if act.Src.Kind == core.Link {
		t.sum.Links++
		t.sum.NewLinks += isNew
		return
	}
	t.sum.Files++
	t.sum.NewFiles += isNew
	t.sum.Bytes += act.Bytes
}

func (t *tally) callReport(act Action) {
	if t.report != nil {
		t.report(act)
	}
}

// begin begins a phase.
func (t *tally) begin(p Phase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress.Phase = p
	t.callProgress(true)
}

// addBytes counts n bytes of bodies for the progress.
func (t *tally) addBytes(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.progress.DoneBytes += int64(n)
	t.callProgress(false)
}

// progressEvery is how often progress is reported at most.
const progressEvery = 50 * time.Millisecond

// rateLimit limits how often something is done.
type rateLimit struct{ last time.Time }

// allows reports whether it may be done now: it was not done just before, or always
// is set.
func (l *rateLimit) allows(always bool) bool {
	at := time.Now()
	if !always && at.Sub(l.last) <= progressEvery {
		return false
	}
	l.last = at
	return true
}

// callProgress calls onProgress: at once, or, if it was called just before and now is
// false, in a moment, so that the last change before a standstill is told, too.
func (t *tally) callProgress(now bool) {
	switch {
	case t.onProgress == nil || t.closed:
	case t.limit.allows(now):
		p := t.progress
		t.watch.addTo(&p)
		t.onProgress(p)
	case !t.pending:
		t.pending = true
		time.AfterFunc(progressEvery, t.callPending)
	}
}

func (t *tally) callPending() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending = false
	t.callProgress(true)
}

// closeProgress lets onProgress be called no more.
func (t *tally) closeProgress() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// mayDelete reports whether nothing has failed so far.
func (t *tally) mayDelete() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.failed && t.fatal == nil
}

// targetFailed reports whether the target of a link was to be put in this run and
// is not there.
func (t *tally) targetFailed(target core.Target) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failedPuts.includes(target)
}

// stop ends the run with err.
func (t *tally) stop(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fatal = err
}

// fatalError returns the error that ends the run, or nil.
func (t *tally) fatalError() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fatal
}

// unfinished adds to the error that ended the run how many entries it stands for.
func (t *tally) unfinished(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := t.progress.Total - t.progress.Done
	if errors.Is(err, core.ErrBudget) || rest <= 0 {
		return err
	}
	return fmt.Errorf("%w (%d of %d entries were not copied)", err, rest, t.progress.Total)
}

func (t *tally) addUndeleted(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Undeleted += n
}

func (t *tally) addSaved() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Saved++
}

// summary returns the counts so far.
func (t *tally) summary() Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum
}

func (t *tally) addNotes(notes []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Notes = append(t.sum.Notes, notes...)
}
