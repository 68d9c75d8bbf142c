package reconcile_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// findings runs a check and returns its findings, "finding" or "finding side" by
// key, several joined by commas.
func findings(t *testing.T, c *reconcile.Comparison) (map[string]string, reconcile.ComparisonCounts) {
	t.Helper()
	got := map[string]string{}
	sum, err := c.Run(t.Context(), func(f reconcile.Found) {
		text := string(f.What)
		if f.Repaired {
			text += " repaired"
		}
		if had := got[f.Key]; had != "" {
			text = had + ", " + text
		}
		got[f.Key] = text
		var ev map[string]any
		if err := json.Unmarshal(f.Event(), &ev); err != nil || ev["key"] != f.Key || ev["event"] != f.Name() {
			t.Errorf("%s: %v", f.Event(), err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, sum
}

func TestCheckNamesEachDifference(t *testing.T) {
	s, d := memory.New(), memory.New()
	plant(t, s, state{"same": "1", "content": "22", "size": "333", "kind": "4", "l": "-> same", "target": "-> same", "here": "5", "o": other, "both": other})
	plant(t, d, state{"same": "1", "content": "33", "size": "3", "kind": "-> same", "l": "-> same", "target": "-> size", "there": "6", "both": other, "o": "not other"})
	got, sum := findings(t, &reconcile.Comparison{Src: s, Dst: d})
	wantOutcomes(t, got, map[string]string{
		"content": "content", "size": "content", "kind": "kind", "target": "target", "here": "only-in-source",
		"there": "only-in-destination", "o": "kind", "both": "uncarriable",
	})
	if sum.Same != 2 || sum.Differ != 7 || sum.Remarks != 1 || sum.Errors != 0 || sum.Total() != 10 || sum.Bytes != 22 {
		t.Errorf("%+v", sum)
	}
}

// TestCheckBelievesNoListing checks that a check reads where a copy would
// believe a token.
func TestCheckBelievesNoListing(t *testing.T) {
	s, d := memory.New(), &liar{Tree: memory.New()}
	plant(t, s, state{"a": "1", "b": "2"})
	plant(t, d, state{"a": "1", "b": "3"})
	r := &reconcile.Reconciler{Src: s, Dst: d}
	if _, sum := outcomes(t, r); sum.Kept != 2 {
		t.Fatalf("the copy was to be deceived: %+v", sum)
	}
	got, _ := findings(t, &reconcile.Comparison{Src: s, Dst: d})
	wantOutcomes(t, got, map[string]string{"b": "content, md5"})
	got, _ = findings(t, &reconcile.Comparison{Src: d})
	wantOutcomes(t, got, map[string]string{"b": "md5"})
}

// liar says of each file that its md5 is that of "2", or of "1" for a.
type liar struct{ *memory.Tree }

func (l *liar) lie(e core.Entry) core.Entry {
	e.MD5 = core.SumMD5([]byte("2"))
	if e.Key == "a" {
		e.MD5 = core.SumMD5([]byte("1"))
	}
	return e
}

func (l *liar) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range l.Tree.List(ctx, after) {
			if !yield(l.lie(e), err) {
				return
			}
		}
	}
}

func (l *liar) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := l.Tree.Open(ctx, key)
	return body, l.lie(e), err
}

func TestAnEntryThatTheOtherSideCannotHoldIsARemark(t *testing.T) {
	f := memory.All
	f.URLLinks = false
	s, d := memory.NewWith(f), memory.New()
	d.Plant(core.Entry{Key: "u", Kind: core.Link, Target: core.Target{URL: "https://example.com/"}}, nil)
	got, sum := findings(t, &reconcile.Comparison{Src: s, Dst: d, Keeps: true})
	wantOutcomes(t, got, map[string]string{"u": "uncarriable"})
	if sum.Remarks != 1 || sum.Differ != 0 {
		t.Errorf("%+v", sum)
	}
}

func TestCheckRetriesAndReportsUnreadableEntries(t *testing.T) {
	s, d := trees(t, state{"a": "1", "b": "2", "c": "3"}, state{"a": "1", "b": "2", "c": "3"}, true)
	var tries atomic.Int64
	s.open = func(key string) error {
		if key == "a" && tries.Add(1) < 3 {
			return core.Transient(errors.New("not now"))
		}
		return nil
	}
	d.open = func(key string) error {
		if key == "c" {
			return errors.New("unreadable")
		}
		return nil
	}
	got, sum := findings(t, &reconcile.Comparison{Src: s, Dst: d})
	wantOutcomes(t, got, map[string]string{"c": "error"})
	if sum.Same != 2 || sum.Errors != 1 || tries.Load() != 3 {
		t.Errorf("%+v after %d tries", sum, tries.Load())
	}
	s.open = func(string) error { return core.ErrBudget }
	if _, err := (&reconcile.Comparison{Src: s, Dst: d}).Run(t.Context(), nil); !errors.Is(err, core.ErrBudget) {
		t.Errorf("%v, want the end of the budget", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&reconcile.Comparison{Src: s, Dst: d}).Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the end of the context", err)
	}
}

// unlistedTree is a tree whose listing fails at a directory, and leaves it out.
type unlistedTree struct {
	core.Tree
	dir string
}

func (u unlistedTree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		said := false
		for e, err := range u.Tree.List(ctx, after) {
			if err == nil && !said && e.Key > u.dir {
				said = true
				if !yield(core.Entry{}, &core.Error{Op: "list", Key: u.dir, Err: errors.New("permission denied")}) {
					return
				}
			}
			if err == nil && (e.Key == u.dir || core.Below(e.Key, u.dir)) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// TestWhatCouldNotBeListedIsNotMissing checks that entries are not said to be on one
// side only where the other side could not be listed.
func TestWhatCouldNotBeListedIsNotMissing(t *testing.T) {
	whole := state{"a": "1", "sub-": "2", "sub/x": "3", "sub/y/z": "4", "t": "5"}
	s, d := memory.New(), memory.New()
	plant(t, s, whole)
	plant(t, d, whole)
	plant(t, d, state{"u": "6"})
	for name, c := range map[string]struct {
		src, dst core.Tree
		want     map[string]string
	}{
		"in the source":      {unlistedTree{s, "sub"}, d, map[string]string{"sub": "error", "u": "only-in-destination"}},
		"in the destination": {s, unlistedTree{d, "sub"}, map[string]string{"sub": "error", "u": "only-in-destination"}},
		"one entry":          {unlistedTree{s, "sub/x"}, d, map[string]string{"sub/x": "error", "u": "only-in-destination"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, sum := findings(t, &reconcile.Comparison{Src: c.src, Dst: c.dst})
			wantOutcomes(t, got, c.want)
			if sum.Errors != 1 || sum.Differ != 1 {
				t.Errorf("%+v", sum)
			}
		})
	}
}

// TestCheckAfterACopyFindsNothing checks random trees after a copy.
func TestCheckAfterACopyFindsNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		src, dst := randomState(rnd, false, false), randomState(rnd, true, false)
		s, d := trees(t, src, dst, true)
		before, sum := findings(t, &reconcile.Comparison{Src: s, Dst: d})
		if equal := maps.Equal(src, dst); equal != (sum.Differ == 0) {
			t.Errorf("%v and %v: %v", src, dst, before)
		}
		outcomes(t, &reconcile.Reconciler{Src: s.Tree, Dst: d.Tree})
		if after, sum := findings(t, &reconcile.Comparison{Src: s, Dst: d}); len(after) != 0 || sum.Same != int64(len(src)) {
			t.Errorf("%v → %v: %v", src, dst, after)
		}
	}
}

func TestCheckSortsAListingOutOfOrder(t *testing.T) {
	s, d := memory.New(), memory.New()
	plant(t, s, state{"a": "1", "b": "2", "c": "3"})
	plant(t, d, state{"a": "1", "c": "4"})
	var notices []string
	got, _ := findings(t, &reconcile.Comparison{Src: s, Dst: backwards{d}, Notice: func(s string) { notices = append(notices, s) }})
	wantOutcomes(t, got, map[string]string{"b": "only-in-source", "c": "content"})
	if len(notices) != 1 || !strings.Contains(notices[0], "destination lists out of key order") {
		t.Errorf("%q", notices)
	}
}

// noted is an Auditor that has notes of md5s.
type noted struct {
	*memory.Tree
	wrong    map[string]bool
	repaired []core.Entry
	err      error
	mu       sync.Mutex // of repaired
}

func (n *noted) Audit(_ context.Context, e core.Entry) ([]core.Flaw, error) {
	if !n.wrong[e.Key] {
		return nil, nil
	}
	return []core.Flaw{
		{What: core.FindingMD5, Repairable: true, Err: errors.New("a wrong note")},
		{What: core.FindingCorrupt, Err: errors.New("beyond repair")},
	}[:len(e.Key)], nil
}

func (n *noted) Repair(_ context.Context, e core.Entry) (core.Entry, error) {
	if n.err != nil {
		return e, n.err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.repaired = append(n.repaired, e)
	return e, nil
}

func TestCheckRepairsTheDestinationAndNeverTheSource(t *testing.T) {
	s, d := memory.New(), memory.New()
	plant(t, s, state{"a": "1", "b": "2", "cc": "3"})
	plant(t, d, state{"a": "1", "b": "9", "cc": "3"})
	wrong := map[string]bool{"a": true, "cc": true}
	src, dst := &noted{Tree: s, wrong: wrong}, &noted{Tree: d, wrong: wrong}
	got, _ := findings(t, &reconcile.Comparison{Src: src, Dst: dst, SrcAuditor: src, DstAuditor: dst})
	wantOutcomes(t, got, map[string]string{"a": "md5, md5", "b": "content", "cc": "md5, corrupt, md5, corrupt"})
	got, sum := findings(t, &reconcile.Comparison{Src: s, Dst: dst, DstAuditor: dst, Repair: true})
	wantOutcomes(t, got, map[string]string{"a": "md5 repaired", "b": "content", "cc": "md5 repaired, corrupt"})
	if sum.Repaired != 1 || sum.Differ != 2 || len(dst.repaired) != 2 {
		t.Errorf("%+v, %v", sum, dst.repaired)
	}
	findings(t, &reconcile.Comparison{Src: src, Dst: d, SrcAuditor: src, Repair: true})
	if len(src.repaired) != 0 {
		t.Error("a check wrote to its source")
	}
	findings(t, &reconcile.Comparison{Src: src, SrcAuditor: src, Repair: true})
	if len(src.repaired) != 2 {
		t.Error("a check of one tree did not repair it")
	}
	dst.err = core.ErrChanged
	got, sum = findings(t, &reconcile.Comparison{Src: s, Dst: dst, DstAuditor: dst, Repair: true})
	if got["a"] != "md5, error" || sum.Errors != 2 || sum.Repaired != 0 {
		t.Errorf("%v, %+v", got, sum)
	}
}
