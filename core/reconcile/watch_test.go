package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/testkit/long"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// unhashed is a tree that knows the md5 of nothing.
type unhashed struct{ *memory.Tree }

func (u unhashed) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	r, e, err := u.Tree.Open(ctx, key)
	e.MD5 = core.MD5{}
	return r, e, err
}

func (u unhashed) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range u.Tree.List(ctx, after) {
			e.MD5 = core.MD5{}
			if !yield(e, err) {
				return
			}
		}
	}
}

// hashedFirst is a tree that wants the md5 before the first byte.
type hashedFirst struct{ *memory.Tree }

func (w hashedFirst) Features() core.Features {
	f := w.Tree.Features()
	f.NeedsMD5 = true
	return f
}

// TestALargeFileShowsInTheProgress copies one that has to be hashed first: it is
// hashed, then sent, and both show before it is done.
func TestALargeFileShowsInTheProgress(t *testing.T) {
	long.Only(t)
	src, dst := unhashed{memory.New()}, hashedFirst{memory.New()}
	content := make([]byte, 40<<20)
	for key, b := range map[string][]byte{"large": content, "small": []byte("x")} {
		if _, err := src.Put(t.Context(), core.Entry{Key: key, Kind: core.File, Size: int64(len(b)), MD5: core.SumMD5(b)}, bytes.NewReader(b), nil); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	var hashing, sending bool
	var hashed int64
	r := &reconcile.Reconciler{Src: wrap.ReadOnly(src), Dst: dst, Progress: func(p reconcile.Progress) {
		mu.Lock()
		defer mu.Unlock()
		hashed = max(hashed, p.Hashed)
		for _, f := range p.Large {
			if f.Key != "large" || f.Size != 40<<20 || f.Done > f.Size {
				t.Errorf("in flight is %+v, want the large file", f)
			}
			hashing = hashing || f.Hashing && f.Done > 0
			sending = sending || !f.Hashing && f.Done > 0
		}
	}}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sum, err := r.Apply(t.Context(), p, nil)
	if err != nil || sum.Files != 2 || sum.NewFiles != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
	if !hashing || !sending || hashed < 40<<20 {
		t.Errorf("hashing shown: %v, sending shown: %v, %d bytes hashed", hashing, sending, hashed)
	}
}

// TestNewEntriesAreCountedApart checks that a summary and a plan count new entries
// apart from other puts.
func TestNewEntriesAreCountedApart(t *testing.T) {
	s, d := trees(t, state{"a": "new", "b": "changed!", "l": model.Link("a"), "m": model.Link("b")}, state{"b": "old", "m": model.Link("a")}, true)
	r := &reconcile.Reconciler{Src: s, Dst: d}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := p.Totals(); got.Files != 2 || got.NewFiles != 1 || got.Links != 2 || got.NewLinks != 1 {
		t.Errorf("the plan has %+v", got)
	}
	if sum, err := r.Apply(t.Context(), p, nil); err != nil || sum.Files != 2 || sum.NewFiles != 1 || sum.Links != 2 || sum.NewLinks != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// TestActionsThatAnInterruptionBreaksOffAreCountedAndNotReported: whatever error the
// store gives then, it is the interruption's.
func TestActionsThatAnInterruptionBreaksOffAreCountedAndNotReported(t *testing.T) {
	s, d := trees(t, state{"a": "1", "b": "2"}, state{}, true)
	ctx, cancel := context.WithCancel(t.Context())
	broken := wrap.Fault(d, wrap.OnKind(wrap.StepPut, wrap.InjectorFunc(func(wrap.Step) error {
		cancel()
		return errors.New("503 SlowDown")
	})))
	r := &reconcile.Reconciler{Src: s, Dst: broken, Jobs: 1}
	p, err := r.Prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sum, err := r.Apply(ctx, p, func(a reconcile.Action) { t.Errorf("reported: %s %s: %v", a.Name(), a.Key, a.Err) })
	if !errors.Is(err, context.Canceled) || sum.GivenUp != 1 || sum.Errors != 0 {
		t.Errorf("%+v, %v; want one given up, and no error", sum, err)
	}
}

// TestEventsOfReplacementsHaveTheOldEntry: an event of a put has the size or the
// target that the destination had; a saved plan has the whole entry instead.
func TestEventsOfReplacementsHaveTheOldEntry(t *testing.T) {
	file := &core.Entry{Key: "k", Kind: core.File, Size: 7}
	link := &core.Entry{Key: "k", Kind: core.Link, Target: core.Target{Key: "v1"}}
	for want, a := range map[string]reconcile.Action{
		`{"event":"put","key":"k","reason":"kind","size":7,"old_target":"v1"}`:  {Op: reconcile.OpPut, Key: "k", Reason: reconcile.ReasonKind, Src: file, Dst: link},
		`{"event":"link","key":"k","reason":"kind","target":"v1","old_size":7}`: {Op: reconcile.OpPut, Key: "k", Reason: reconcile.ReasonKind, Src: link, Dst: file},
		`{"event":"put","key":"k","reason":"new","size":7}`:                     {Op: reconcile.OpPut, Key: "k", Reason: reconcile.ReasonNew, Src: file},
		`{"event":"delete","key":"k","reason":"extraneous","size":7}`:           {Op: reconcile.OpDelete, Key: "k", Reason: reconcile.ReasonExtraneous, Dst: file},
	} {
		if got := string(a.Event()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
