package reconcile

import (
	"context"
	"sync"

	"github.com/s3fc/s3fc/internal/spool"
)

// workers runs functions, a fixed number of them at a time.
type workers struct {
	work chan func()
	idle int // goroutines that may still be started
	wg   sync.WaitGroup
}

func newWorkers(n int) *workers { return &workers{work: make(chan func()), idle: n} }

// run waits for a free worker, which runs f. Workers stay, for a goroutine
// whose stack has grown is cheaper than a new one.
func (w *workers) run(f func()) {
	select {
	case w.work <- f:
		return
	default:
	}
	if w.idle == 0 {
		w.work <- f
		return
	}
	w.idle--
	w.wg.Go(func() {
		f()
		for f := range w.work {
			f()
		}
	})
}

// wait waits for all functions. It is called once, and no run follows it.
func (w *workers) wait() {
	close(w.work)
	w.wg.Wait()
}

// each runs the work that pick returns for an action, nil for none, with jobs
// workers, and waits for it. No work is started once the context ended or the run
// cannot go on.
func each(ctx context.Context, jobs int, acts *spool.Spool[Action], t *tally, pick func(Action) func(context.Context)) error {
	w := newWorkers(jobs)
	defer w.wait()
	for act, err := range acts.All() {
		if err != nil {
			return err
		}
		work := pick(act)
		if work == nil {
			continue
		}
		w.run(func() {
			if ctx.Err() == nil && t.fatalError() == nil {
				work(ctx)
			}
		})
		if ctx.Err() != nil || t.fatalError() != nil {
			return nil
		}
	}
	return nil
}
