package wrap

import (
	"context"
	"io"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/sleep"
)

// Retry repeats Stat, Open, Delete and batch deletes of b up to attempts times
// in all when they fail with a transient error ([core.IsTransient]), and goes
// on with a listing after the last key that it yielded; each key that comes
// makes the attempts anew. backoff is how long to wait after the nth failure,
// from 1.
//
// Put is never repeated: its body is the caller's. Neither is reading a body of
// Open. A listing that is out of order cannot be gone on with, and its transient
// error ends it.
func Retry(b core.Backend, attempts int, backoff func(n int) time.Duration) core.Backend {
	r := &retry{infoOf{b}, finisherOf{b}, b, attempts, backoff}
	if d, ok := core.As[core.BatchDeleter](b); ok {
		return &struct {
			*retry
			batch
		}{r, batch{d.BatchSize(), r.deleteBatch(d)}}
	}
	return r
}

// Backoff returns a random wait below base, doubled with each failure, and
// never above most.
func Backoff(base, most time.Duration) func(n int) time.Duration {
	return func(n int) time.Duration {
		d := most
		if n < 32 && base<<(n-1) < most && base<<(n-1) > 0 {
			d = base << (n - 1)
		}
		return rand.N(d + 1)
	}
}

type retry struct {
	infoOf
	finisherOf
	core.Backend
	attempts int
	backoff  func(n int) time.Duration
}

// again reports whether to try once more after the nth failure, and waits before
// that. If not, the operation ends with the error.
func (r *retry) again(ctx context.Context, n int, err error) (bool, error) {
	if !core.IsTransient(err) || n >= r.attempts {
		return false, err
	}
	if ended := sleep.For(ctx, r.backoff(n)); ended != nil {
		key, _ := core.ErrorKey(err)
		return false, &core.Error{Op: "retry", Key: key, Err: ended}
	}
	return true, err
}

func (r *retry) do(ctx context.Context, op func() error) error {
	for n := 1; ; n++ {
		err := op()
		if err == nil {
			return nil
		}
		if more, err := r.again(ctx, n, err); !more {
			return err
		}
	}
}

func (r *retry) Stat(ctx context.Context, key string) (e core.Entry, err error) {
	err = r.do(ctx, func() error {
		e, err = r.Backend.Stat(ctx, key)
		return err
	})
	return e, err
}

func (r *retry) Open(ctx context.Context, key string) (rc io.ReadCloser, e core.Entry, err error) {
	err = r.do(ctx, func() error {
		rc, e, err = r.Backend.Open(ctx, key)
		return err
	})
	return rc, e, err
}

func (r *retry) Delete(ctx context.Context, old core.Entry) error {
	return r.do(ctx, func() error { return r.Backend.Delete(ctx, old) })
}

func (r *retry) deleteBatch(d core.BatchDeleter) func(context.Context, []core.Entry) []error {
	return func(ctx context.Context, olds []core.Entry) []error {
		errs := d.DeleteBatch(ctx, olds)
		for n := 1; ; n++ {
			failed := transients(errs)
			if len(failed) == 0 {
				return errs
			}
			if more, err := r.again(ctx, n, errs[failed[0]]); !more {
				errs[failed[0]] = err
				return errs
			}
			left := make([]core.Entry, len(failed))
			for i, at := range failed {
				left[i] = olds[at]
			}
			for i, err := range d.DeleteBatch(ctx, left) {
				errs[failed[i]] = err
			}
		}
	}
}

// transients returns the places of the transient errors.
func transients(errs []error) (places []int) {
	for i, err := range errs {
		if core.IsTransient(err) {
			places = append(places, i)
		}
	}
	return places
}

func (r *retry) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return r.relisted(ctx, r.Backend.List, after)
}

// ListDirs implements [core.DirRemover].
func (r *retry) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return r.relisted(ctx, dirsOf{r.Backend}.ListDirs, after)
}

// RemoveDir implements [core.DirRemover].
func (r *retry) RemoveDir(ctx context.Context, dir string) error {
	return r.do(ctx, func() error { return dirsOf{r.Backend}.RemoveDir(ctx, dir) })
}

type lister = func(ctx context.Context, after string) iter.Seq2[core.Entry, error]

func (r *retry) relisted(ctx context.Context, list lister, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		l := relisting{list: list, last: after, resumable: !r.Features().Unordered, yield: yield}
		for n := 1; ; n++ {
			before := l.last
			err := l.run(ctx)
			if err == nil {
				return
			}
			if l.last != before {
				n = 1
			}
			more := false
			if l.resumable {
				more, err = r.again(ctx, n, err)
			}
			if !more {
				yield(core.Entry{}, err)
				return
			}
		}
	}
}

// relisting is a listing that can be gone on with.
type relisting struct {
	list      lister
	last      string // the last key that was yielded
	resumable bool   // the keys came in order so far
	reported  map[string]bool
	yield     func(core.Entry, error) bool
}

// run lists the entries after last. It returns the error that ended the listing, or
// nil if it, or its consumer, came to the end.
func (l *relisting) run(ctx context.Context) error {
	for e, err := range l.list(ctx, l.last) {
		key, one := core.ErrorKey(err)
		switch {
		case err != nil && !one:
			return err
		case err != nil && l.reported[key]:
			continue
		case err != nil:
			if l.reported == nil {
				l.reported = make(map[string]bool)
			}
			l.reported[key] = true
		case e.Key <= l.last:
			l.resumable = false
		default:
			l.last = e.Key
		}
		if !l.yield(e, err) {
			return nil
		}
	}
	return nil
}
