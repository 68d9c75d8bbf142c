package wrap_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

var (
	errLater = core.Transient(errors.New("try later"))
	errGood  = errors.New("for good")
)

// firstFail fails the first n operations of a kind.
func firstFail(kind string, n int, err error) wrap.Injector {
	left := n
	return wrap.OnKind(kind, wrap.InjectorFunc(func(wrap.Step) error {
		if left--; left >= 0 {
			return err
		}
		return nil
	}))
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func TestRetryRepeats(t *testing.T) {
	ops := map[string]func(ctx context.Context, b core.Backend, e core.Entry) error{
		wrap.StepStat: func(ctx context.Context, b core.Backend, e core.Entry) error {
			_, err := b.Stat(ctx, e.Key)
			return err
		},
		wrap.StepOpen: func(ctx context.Context, b core.Backend, e core.Entry) error {
			rc, _, err := b.Open(ctx, e.Key)
			if err == nil {
				err = rc.Close()
			}
			return err
		},
		wrap.StepDelete: func(ctx context.Context, b core.Backend, e core.Entry) error { return b.Delete(ctx, e) },
		wrap.StepBatch: func(ctx context.Context, b core.Backend, e core.Entry) error {
			d, _ := core.As[core.BatchDeleter](b)
			return errors.Join(d.DeleteBatch(ctx, []core.Entry{e, {Key: "other"}})...)
		},
	}
	for kind, op := range ops {
		for _, c := range []struct {
			failures int
			err      error
			waited   time.Duration
			want     error
		}{
			{0, errLater, 0, nil}, {1, errLater, seconds(1), nil}, {3, errLater, seconds(6), nil}, {4, errLater, seconds(6), errLater}, {1, errGood, 0, errGood},
		} {
			t.Run(fmt.Sprint(kind, c.failures, c.err), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := memory.NewOpaque(memory.All)
					e := put(t, m, "f", "content")
					b := wrap.Retry(wrap.Fault(m, firstFail(kind, c.failures, c.err)), 4, seconds)
					start := time.Now()
					wantError(t, "the outcome", op(t.Context(), b, e), c.want)
					if got := time.Since(start); got != c.waited {
						t.Errorf("waited %s, want %s", got, c.waited)
					}
				})
			})
		}
	}
}

func TestRetryStopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := wrap.Retry(wrap.Fault(memory.New(), wrap.Always(errLater)), 1000, seconds)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := b.Stat(ctx, "f")
		wantError(t, "Stat", err, context.DeadlineExceeded)
		var last error
		for _, last = range b.List(ctx, "") {
		}
		wantError(t, "List", last, context.DeadlineExceeded)
	})
}

func TestRetryNeverRepeatsAPut(t *testing.T) {
	count := new(wrap.StepCounter)
	b := wrap.Retry(wrap.Fault(memory.New(), wrap.OnKind(wrap.StepPut, wrap.Any(count, wrap.Always(errLater)))), 5, func(int) time.Duration { return 0 })
	_, err := b.Put(t.Context(), file("f", "x"), strings.NewReader("x"), nil)
	wantError(t, "Put", err, errLater)
	if count.Count() != 1 {
		t.Errorf("%d puts, want 1", count.Count())
	}
}

func TestRetryResumesAListing(t *testing.T) {
	m := memory.New()
	var want []string
	for i := range 1000 {
		key := fmt.Sprintf("d%d/%04d", i/300, i)
		put(t, m, key, "x")
		want = append(want, key)
	}
	n := 0
	flaky := wrap.OnKind(wrap.StepNext, wrap.InjectorFunc(func(wrap.Step) error {
		if n++; n%7 == 0 {
			return errLater
		}
		return nil
	}))
	lists := new(wrap.StepCounter)
	b := wrap.Retry(wrap.Fault(m, wrap.Any(flaky, wrap.OnKind(wrap.StepList, lists))), 2, func(int) time.Duration { return 0 })
	if got := strings.Fields(names(t, b)); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%d keys, want %d, in order", len(got), len(want))
	}
	if lists.Count() != 167 {
		t.Errorf("%d listings, want 167", lists.Count())
	}
}

func TestRetryEndsAListingThatMakesNoProgress(t *testing.T) {
	m := memory.New()
	put(t, m, "a", "1")
	put(t, m, "b", "2")
	for _, err := range []error{errLater, errGood} {
		b := wrap.Retry(wrap.Fault(m, wrap.OnKey("b", wrap.Always(err))), 5, func(int) time.Duration { return 0 })
		var got []string
		var last error
		for e, err := range b.List(t.Context(), "") {
			got, last = append(got, e.Key), err
		}
		wantError(t, "the listing", last, err)
		if len(got) != 2 || got[0] != "a" {
			t.Errorf("%q came before, want a", got)
		}
	}
}

func TestRetryDoesNotResumeOutOfOrder(t *testing.T) {
	m := memory.NewWith(core.Features{Unordered: true})
	for _, key := range []string{"a-b", "a/1", "b"} {
		put(t, m, key, "x")
	}
	b := wrap.Retry(wrap.Fault(m, wrap.OnKind(wrap.StepNext, wrap.OnIndex(3, errLater))), 5, func(int) time.Duration { return 0 })
	n, last := 0, error(nil)
	for _, last = range b.List(t.Context(), "") {
		n++
	}
	wantError(t, "a listing that cannot be gone on with", last, errLater)
	if n != 3 {
		t.Errorf("%d yields, want 3: two entries and the error", n)
	}
}

func TestRetryTellsOfAnUnreadableDirectoryOnce(t *testing.T) {
	m := memory.New()
	put(t, m, "z", "x")
	b := wrap.Retry(wrap.Fault(unreadable{m, "d"}, wrap.OnKey("z", wrap.OnIndex(1, errLater))), 5, func(int) time.Duration { return 0 })
	errs, keys := 0, 0
	for _, err := range b.List(t.Context(), "") {
		if errors.Is(err, fs.ErrPermission) {
			errs++
		} else if err == nil {
			keys++
		}
	}
	if errs != 1 || keys != 1 {
		t.Errorf("%d errors and %d entries, want one each", errs, keys)
	}
}

func TestBackoffGrowsToItsBound(t *testing.T) {
	wait := wrap.Backoff(time.Second, time.Minute)
	for n, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 500: time.Minute} {
		for range 100 {
			if got := wait(n); got < 0 || got > most {
				t.Errorf("after %d failures: %s, want at most %s", n, got, most)
			}
		}
	}
}
