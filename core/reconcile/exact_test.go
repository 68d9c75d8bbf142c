package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
)

// later saves the plan of s and d, lets change happen, and carries the plan out as
// another process would. It returns the outcome of each key.
func later(t *testing.T, s core.Tree, d core.Backend, change func()) (map[string]string, reconcile.Summary) {
	t.Helper()
	_, p := prepared(t, s, d)
	_, p, err := reconcile.ReadPlan(bytes.NewReader(written(t, reconcile.PlanHeader{}, p)), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	change()
	r := &reconcile.Reconciler{Src: s, Dst: d, Exact: true}
	if err := r.Recheck(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	sum, err := r.Apply(t.Context(), p, func(a reconcile.Action) { got[a.Key] = a.Name() + " " + string(a.Reason) })
	if err != nil {
		t.Fatal(err)
	}
	return got, sum
}

// set makes tree hold this at key, whatever was there.
func set(t *testing.T, tree *memory.Tree, key, content string) {
	t.Helper()
	e := core.Entry{Key: key, Kind: core.File, Size: int64(len(content))}
	var body io.Reader = strings.NewReader(content)
	if to, ok := strings.CutPrefix(content, "-> "); ok {
		e, body = core.Entry{Key: key, Kind: core.Link, Target: core.Target{Key: to}}, nil
	}
	drop(t, tree, key)
	if _, err := tree.Put(t.Context(), e, body, nil); err != nil {
		t.Fatal(err)
	}
}

func drop(t *testing.T, tree *memory.Tree, key string) {
	t.Helper()
	if old, err := tree.Stat(t.Context(), key); err == nil {
		if err := tree.Delete(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASavedPlanDoesTheSameAsACopy(t *testing.T) {
	s, d := trees(t, state{"a": "1", "b": "2", "l": "-> a", "d": "file now"}, state{"b": "3", "old": "4", "d/x": "5"}, false)
	got, sum := later(t, s.Tree, d.Tree, func() {})
	wantOutcomes(t, got, map[string]string{
		"a": "put new", "b": "put md5", "l": "link new", "d": "put new", "d/x": "delete in-the-way", "old": "delete extraneous",
	})
	if have, want := fmt.Sprint(look(t, d)), fmt.Sprint(look(t, s)); have != want || sum.Files != 3 || sum.Deletes != 2 {
		t.Errorf("%s, want %s; %+v", have, want, sum)
	}
}

func TestASavedPlanOfRandomTreesDoesTheSameAsACopy(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		flat := rnd.IntN(2) == 0
		src, dst := randomState(rnd, true, true), randomState(rnd, flat, true)
		s, d := trees(t, src, dst, flat)
		_, e := trees(t, src, dst, flat)
		_, want := outcomes(t, &reconcile.Reconciler{Src: s.Tree, Dst: d.Tree})
		_, got := later(t, s.Tree, e.Tree, func() {})
		if now, then := look(t, e), look(t, d); !maps.Equal(now, then) || got.Deletes != want.Deletes || got.Files != want.Files || got.Errors != want.Errors {
			t.Errorf("%v → %v (flat %t): %v, %+v; a copy makes %v, %+v", src, dst, flat, now, got, then, want)
		}
	}
}

// TestAChangeSinceThePlanIsLeftAlone changes one thing between plan and
// apply. Nothing may be decided again, and nothing is deleted in that run.
func TestAChangeSinceThePlanIsLeftAlone(t *testing.T) {
	src := state{"new": "1", "changed": "22", "l": "-> new", "retargeted": "-> new", "dir": "a file now"}
	dst := state{"changed": "3", "retargeted": "-> changed", "dir/x": "4", "old": "5"}
	for name, c := range map[string]struct {
		change func(s, d *memory.Tree)
		key    string
	}{
		"a source file grew":             {func(s, _ *memory.Tree) { set(t, s, "new", "111") }, "new"},
		"a source file of the same size": {func(s, _ *memory.Tree) { set(t, s, "changed", "33") }, "changed"},
		"a source file became equal":     {func(s, _ *memory.Tree) { set(t, s, "changed", "3") }, "changed"},
		"a source file is gone":          {func(s, _ *memory.Tree) { drop(t, s, "new") }, "new"},
		"a source file became a link":    {func(s, _ *memory.Tree) { set(t, s, "new", "-> l") }, "new"},
		"a source file cannot be carried": {func(s, _ *memory.Tree) {
			s.Plant(core.Entry{Key: "new", Kind: core.Other, Problem: errors.New("a fifo")}, nil)
		}, "new"},
		"a source file is excluded": {func(s, _ *memory.Tree) {
			s.Plant(core.Entry{Key: "new", Kind: core.Other, Problem: core.ErrExcluded}, nil)
		}, "new"},
		"a source link leads elsewhere":     {func(s, _ *memory.Tree) { set(t, s, "l", "-> dir") }, "l"},
		"a source link is gone":             {func(s, _ *memory.Tree) { drop(t, s, "l") }, "l"},
		"a source link became a file":       {func(s, _ *memory.Tree) { set(t, s, "retargeted", "6") }, "retargeted"},
		"a source file for a dir changed":   {func(s, _ *memory.Tree) { set(t, s, "dir", "another") }, "dir"},
		"something new is at a new key":     {func(_, d *memory.Tree) { set(t, d, "new", "theirs") }, "new"},
		"a file to overwrite changed":       {func(_, d *memory.Tree) { set(t, d, "changed", "theirs") }, "changed"},
		"a file to overwrite is gone":       {func(_, d *memory.Tree) { drop(t, d, "changed") }, "changed"},
		"a link to overwrite leads on":      {func(_, d *memory.Tree) { set(t, d, "retargeted", "-> old") }, "retargeted"},
		"a file to delete changed":          {func(_, d *memory.Tree) { set(t, d, "old", "theirs") }, "old"},
		"a file that is in the way changed": {func(_, d *memory.Tree) { set(t, d, "dir/x", "theirs") }, "dir/x"},
	} {
		for _, guard := range []core.Guard{core.GuardAtomic, core.GuardCheck, core.GuardNone} {
			f := memory.All
			f.Flat, f.Create, f.Replace = false, guard, guard
			s, d := memory.New(), memory.NewWith(f)
			plant(t, s, src)
			plant(t, d, dst)
			var before state
			got, sum := later(t, s, d, func() {
				c.change(s, d)
				before = look(t, d)
			})
			after := look(t, d)
			if got[c.key] != "error changed" || sum.Errors == 0 || after[c.key] != before[c.key] {
				t.Errorf("%s (guard %v): %q, %q → %q; %+v", name, guard, got[c.key], before[c.key], after[c.key], sum)
			}
			if c.key != "old" && after["old"] != "5" {
				t.Errorf("%s: something was deleted: %v", name, after)
			}
			for key, was := range before {
				if is := after[key]; is != was && is != src[key] {
					t.Errorf("%s: %s was %q and is %q, which nobody planned", name, key, was, is)
				}
			}
		}
	}
}

// TestAPlanCanBeAppliedAgain checks that an action done already is not a change.
func TestAPlanCanBeAppliedAgain(t *testing.T) {
	s, d := trees(t, state{"a": "1", "b": "22", "l": "-> a"}, state{"b": "3", "old": "4"}, false)
	_, sum := later(t, s.Tree, d.Tree, func() {
		set(t, d.Tree, "a", "1")
		set(t, d.Tree, "b", "22")
		set(t, d.Tree, "l", "-> a")
		drop(t, d.Tree, "old")
	})
	if sum.Errors != 0 || sum.Files+sum.Links != 0 || sum.Kept != 3 {
		t.Errorf("%+v", sum)
	}
}

// backwards lists in the wrong order.
type backwards struct{ *memory.Tree }

func (b backwards) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		var all []core.Entry
		for e, err := range b.Tree.List(ctx, after) {
			if err != nil {
				yield(e, err)
				return
			}
			all = append([]core.Entry{e}, all...)
		}
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestRecheckSortsAListingOutOfOrder(t *testing.T) {
	f := memory.All
	f.Create, f.Replace = core.GuardNone, core.GuardNone
	s, d := memory.New(), memory.NewWith(f)
	plant(t, s, state{"a": "1", "b": "2", "c": "3"})
	plant(t, d, state{"a": "x", "b": "y", "c": "z"})
	got, _ := later(t, s, backwards{d}, func() { set(t, d, "b", "theirs") })
	wantOutcomes(t, got, map[string]string{"a": "put md5", "b": "error changed", "c": "put md5"})
}

func TestRecheckGivesUpOnAnotherDestination(t *testing.T) {
	n := 10_001
	s, d := synthetic{n: n}, synthetic{n: 0}
	_, p := prepared(t, s, d)
	r := &reconcile.Reconciler{Src: s, Dst: foreign{synthetic{n: n}}, Exact: true}
	if err := r.Recheck(t.Context(), p); !errors.Is(err, core.ErrChanged) || !strings.Contains(err.Error(), "make the plan again") {
		t.Error(err)
	}
	if r.Dst = (synthetic{n: n}); r.Recheck(t.Context(), p) != nil || p.Totals().Files != 0 || p.Totals().Kept != int64(n) {
		t.Errorf("a plan that was carried out already: %+v", p.Totals())
	}
}

// foreign has another content at each key.
type foreign struct{ synthetic }

func (f foreign) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range f.synthetic.List(ctx, after) {
			if e.Size++; !yield(e, err) {
				return
			}
		}
	}
}

// TestActionsOfAnEarlierAttemptAreNotRepeated carries a plan out twice, and counts the
// operations of the second time.
func TestActionsOfAnEarlierAttemptAreNotRepeated(t *testing.T) {
	const n = 300
	s, d := memory.New(), memory.New()
	have, want := state{}, state{"link": "-> new"}
	for i := range n {
		want[fmt.Sprintf("new/%05d", i)] = "1"
		have[fmt.Sprintf("old/%05d", i)] = "2"
	}
	plant(t, s, want)
	plant(t, d, have)
	_, p := prepared(t, s, d)
	text := written(t, reconcile.PlanHeader{}, p)
	again := func(keeps bool) (*wrap.Counts, reconcile.Summary, int) {
		_, back, err := reconcile.ReadPlan(bytes.NewReader(text), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		var n wrap.Counts
		r := &reconcile.Reconciler{Src: s, Dst: wrap.Meter(d, &n, nil), Exact: true, Keeps: keeps}
		if err := r.Recheck(t.Context(), back); err != nil {
			t.Fatal(err)
		}
		events := 0
		sum, err := r.Apply(t.Context(), back, func(reconcile.Action) { events++ })
		if err != nil {
			t.Fatal(err)
		}
		return &n, sum, events
	}
	if _, sum, _ := again(false); sum.Files != n || sum.Links != 1 || sum.Deletes != n {
		t.Fatalf("first: %+v", sum)
	}
	ops, sum, events := again(false)
	if sum.Files+sum.Links+sum.Deletes+sum.Errors != 0 || sum.Kept != n+1 || events != 0 {
		t.Errorf("second: %+v, %d events", sum, events)
	}
	if ops.Lists.Load() != 1 || ops.Operations() != 2 {
		t.Errorf("second: %d operations, want a listing and the last step", ops.Operations())
	}
	if _, _, events := again(true); events != n+1 {
		t.Errorf("with keeps: %d events", events)
	}
	drop(t, d, "new/00007")
	set(t, d, "new/00008", "theirs")
	set(t, d, "old/00009", "3")
	if _, sum, _ := again(false); sum.Kept != n-1 || sum.Files != 1 || sum.Deletes != 0 || sum.Undeleted != 1 || sum.Errors != 1 {
		t.Errorf("something was changed in between: %+v", sum)
	}
}

// synthetic is a tree of n small files that are made as they are listed or read,
// and that forgets each put.
type synthetic struct{ n int }

func (synthetic) entry(i int) core.Entry {
	return core.Entry{Key: fmt.Sprintf("dir%05d/file%07d.html", i/100, i), Kind: core.File, Size: 4, Token: fmt.Sprintf("%032x", i)}
}

func (s synthetic) List(context.Context, string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for i := range s.n {
			if !yield(s.entry(i), nil) {
				return
			}
		}
	}
}

func (s synthetic) Stat(_ context.Context, key string) (core.Entry, error) {
	var i int
	if _, err := fmt.Sscanf(key[len("dir00000/file"):], "%d", &i); err != nil {
		return core.Entry{}, err
	}
	return s.entry(i), nil
}

func (s synthetic) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	e, err := s.Stat(ctx, key)
	return io.NopCloser(strings.NewReader("text")), e, err
}

func (synthetic) Features() core.Features {
	return core.Features{Flat: true, Create: core.GuardAtomic, Replace: core.GuardAtomic}
}

func (synthetic) Put(_ context.Context, e core.Entry, body io.Reader, _ *core.Entry) (core.Entry, error) {
	_, err := io.Copy(io.Discard, body)
	return e, err
}

func (synthetic) Delete(context.Context, core.Entry) error { return nil }

// TestALargePlanIsWrittenReadAndAppliedInConstantMemory saves, reads, rechecks and
// applies a large plan, and compares the live memory at each garbage collection
// with a bound that does not depend on its size.
func TestALargePlanIsWrittenReadAndAppliedInConstantMemory(t *testing.T) {
	const bound = 64 << 20
	n := largePlan(t)
	s, d := synthetic{n: n}, synthetic{n: 0}
	r, p := prepared(t, s, d)
	peak := watchHeap(t)
	from, to := io.Pipe()
	go func() { to.CloseWithError(reconcile.WritePlan(to, reconcile.PlanHeader{}, p)) }()
	_, back, err := reconcile.ReadPlan(from, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if err := r.Recheck(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	sum, err := r.Apply(t.Context(), back, nil)
	grown := peak()
	t.Logf("%d actions: live heap grew by %d KiB", n, grown>>10)
	if err != nil || sum.Files != int64(n) || grown > bound {
		t.Errorf("%v; %+v; the live heap grew by %d bytes", err, sum, grown)
	}
}

// watchHeap samples the heap after each garbage collection, and returns its
// greatest growth.
func watchHeap(t *testing.T) (grown func() int64) {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	read := func() int64 {
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	base := read()
	peak := base
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.Tick(2 * time.Millisecond); ; {
			select {
			case <-stop:
				return
			case <-tick:
				peak = max(peak, read())
			}
		}
	}()
	end := sync.OnceFunc(func() { close(stop); <-stopped })
	t.Cleanup(end)
	return func() int64 { end(); return peak - base }
}

// largePlan is how many actions a large plan has: few enough for a test, or as
// S3FC_PLAN_ACTIONS says.
func largePlan(t *testing.T) int {
	t.Helper()
	if s := os.Getenv("S3FC_PLAN_ACTIONS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 10 {
			t.Fatalf("S3FC_PLAN_ACTIONS=%s: expected a number of actions", s)
		}
		return n
	}
	return 10_000
}
