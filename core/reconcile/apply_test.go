package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// hook is a backend whose operations can be broken into.
type hook struct {
	*memory.Tree
	open func(key string) error
	put  func(e core.Entry) error
	del  func(key string) error
	mu   sync.Mutex
	log  []string
}

func (h *hook) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, what)
}

func (h *hook) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if h.open != nil {
		if err := h.open(key); err != nil {
			return nil, core.Entry{}, err
		}
	}
	return h.Tree.Open(ctx, key)
}

func (h *hook) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	h.note("put " + e.Key)
	if h.put != nil {
		if err := h.put(e); err != nil {
			return core.Entry{}, err
		}
	}
	return h.Tree.Put(ctx, e, body, old)
}

func (h *hook) Delete(ctx context.Context, old core.Entry) error {
	h.note("delete " + old.Key)
	if h.del != nil {
		if err := h.del(old.Key); err != nil {
			return err
		}
	}
	return h.Tree.Delete(ctx, old)
}

// trees returns a source and a destination that hold these states.
func trees(t *testing.T, src, dst state, flat bool) (*hook, *hook) {
	t.Helper()
	f := memory.All
	f.Flat = flat
	s, d := &hook{Tree: memory.New()}, &hook{Tree: memory.NewWith(f)}
	plant(t, s, src)
	plant(t, d, dst)
	return s, d
}

// outcomes runs r and returns the outcome of each key, as "op reason".
func outcomes(t *testing.T, r *reconcile.Reconciler) (map[string]string, reconcile.Summary) {
	t.Helper()
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got := map[string]string{}
	sum, err := r.Apply(t.Context(), p, func(a reconcile.Action) { got[a.Key] = a.Name() + " " + string(a.Reason) })
	if err != nil {
		t.Fatal(err)
	}
	return got, sum
}

func wantOutcomes(t *testing.T, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestNothingIsDeletedAfterAFailure(t *testing.T) {
	boom := errors.New("boom")
	for name, breakIt := range map[string]func(s, d *hook){
		"source read": func(s, _ *hook) {
			s.open = func(key string) error {
				if key == "b" {
					return boom
				}
				return nil
			}
		},
		"put": func(_, d *hook) {
			d.put = func(e core.Entry) error {
				if e.Key == "b" {
					return boom
				}
				return nil
			}
		},
		"link": func(_, d *hook) {
			d.put = func(e core.Entry) error {
				if e.Kind == core.Link {
					return boom
				}
				return nil
			}
		},
		"put into a conflict": func(_, d *hook) {
			d.put = func(e core.Entry) error {
				if e.Key == "b" {
					return fmt.Errorf("%w: a directory is there", core.ErrConflict)
				}
				return nil
			}
		},
		"link into a conflict": func(_, d *hook) {
			d.put = func(e core.Entry) error {
				if e.Kind == core.Link {
					return core.ErrConflict
				}
				return nil
			}
		},
	} {
		s, d := trees(t, state{"a": "1", "b": "2", "l": "-> a", "dir": "now a file"}, state{"old": "x", "older": "y", "dir/x": "z"}, false)
		breakIt(s, d)
		_, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Jobs: 1})
		if sum.Errors+sum.Conflicts != 2 || sum.Deletes != 0 || sum.Undeleted != 3 {
			t.Errorf("%s: %+v", name, sum)
		}
		got := look(t, d)
		if got["old"] != "x" || got["older"] != "y" || got["dir/x"] != "z" || got["a"] != "1" {
			t.Errorf("%s: %v", name, got)
		}
		s.open, d.put = nil, nil
		if _, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d}); sum.Errors != 0 || !maps.Equal(look(t, d), look(t, s)) {
			t.Errorf("%s: a second run does not converge: %+v %v", name, sum, look(t, d))
		}
	}
}

// TestNothingIsDeletedAfterAConflictOfAFlatTree checks that entries stay where a tree that
// is said to be flat, and is not, has no place for their successor beside them.
func TestNothingIsDeletedAfterAConflictOfAFlatTree(t *testing.T) {
	for name, c := range map[string]struct{ src, dst state }{
		"a file for a directory": {state{"a": "1"}, state{"a/x": "x", "old": "y"}},
		"a directory for a file": {state{"a/x": "1"}, state{"a": "x", "old": "y"}},
		"a link for a directory": {state{"a": "-> b", "b": "1"}, state{"a/x": "x", "b": "1", "old": "y"}},
	} {
		s, d := trees(t, c.src, c.dst, true)
		d.put = func(core.Entry) error { return fmt.Errorf("%w: ExistingObjectIsDirectory", core.ErrConflict) }
		_, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d})
		if sum.Conflicts != 1 || sum.Deletes != 0 || sum.Undeleted != 2 || !maps.Equal(look(t, d), c.dst) {
			t.Errorf("%s: %+v, %v", name, sum, look(t, d))
		}
	}
}

func TestOrderIsFilesThenLinksThenDeletes(t *testing.T) {
	s, d := trees(t, state{"a-link": "-> z", "z": "1"}, state{"0": "old"}, true)
	outcomes(t, &reconcile.Reconciler{Src: s, Dst: d})
	if want := []string{"put z", "put a-link", "delete 0"}; !slices.Equal(d.log, want) {
		t.Errorf("got %v, want %v", d.log, want)
	}
}

func TestAReplacementFetchesBeforeItDeletes(t *testing.T) {
	s, d := trees(t, state{"a": "file now", "b/x": "dir now"}, state{"a/1": "x", "a/2": "y", "b": "file"}, false)
	s.open = func(key string) error {
		if len(d.log) > 0 && key == "a" {
			t.Errorf("%s is fetched after %v", key, d.log)
		}
		return nil
	}
	outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, MaxDelete: allDeletes(t)})
	s.open = nil
	if !maps.Equal(look(t, d), look(t, s)) {
		t.Errorf("got %v", look(t, d))
	}
	if want := []string{"delete a/1", "delete a/2", "put a", "delete b", "put b/x"}; !slices.Equal(d.log, want) {
		t.Errorf("got %v, want %v", d.log, want)
	}
	// and where the content cannot be had, nothing goes
	s, d = trees(t, state{"a": "file now", "b/x": "dir now"}, state{"a/1": "x", "b": "file"}, false)
	s.open = func(string) error { return errors.New("unreadable") }
	_, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d})
	if want := (state{"a/1": "x", "b": "file"}); !maps.Equal(look(t, d), want) || sum.Errors != 1 {
		t.Errorf("got %v, %+v", look(t, d), sum)
	}
}

func TestAReplacementOfALargeFileIsStagedAndVerified(t *testing.T) {
	content := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB, beyond the limit for memory
	s, d := trees(t, state{"a": content}, state{"a/1": "x"}, false)
	got, _ := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, TempDir: t.TempDir(), MaxDelete: allDeletes(t)})
	wantOutcomes(t, got, map[string]string{"a": "put new", "a/1": "delete in-the-way"})
	if look(t, d)["a"] != content {
		t.Error("the content did not arrive")
	}
}

func allDeletes(t *testing.T) reconcile.DeleteLimit {
	t.Helper()
	l, err := reconcile.ParseDeleteLimit("100%")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAChangedDestinationIsLeftAloneUnlessItIsTheWantedOne(t *testing.T) {
	for _, c := range []struct{ now, outcome string }{{"somebody's newer", "error changed"}, {"new", ""}} {
		s, d := trees(t, state{"a": "new"}, state{"a": "old", "z": "extra"}, true)
		first := true
		d.put = func(e core.Entry) error {
			if first {
				first = false
				plant(t, d, state{"a": c.now})
			}
			return nil
		}
		got, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d})
		if got["a"] != c.outcome {
			t.Errorf("now %q: %v", c.now, got)
		}
		if look(t, d)["a"] != c.now {
			t.Errorf("%q was overwritten withoutMD5", c.now)
		}
		if c.outcome != "" && (sum.Deletes != 0 || look(t, d)["z"] == "") {
			t.Error("something was deleted after a failure")
		}
	}
}

func TestAChangedSourceIsDecidedAboutAgainOnce(t *testing.T) {
	s, d := trees(t, state{"a": "planned", "gone": "x"}, state{"a": "newest"}, true)
	p, err := (&reconcile.Reconciler{Src: s, Dst: d}).Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	plant(t, s, state{"a": "newest"})
	old, err := s.Stat(t.Context(), "gone")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tree.Delete(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	sum, err := (&reconcile.Reconciler{Src: s, Dst: d, Keeps: true}).Apply(t.Context(), p, func(a reconcile.Action) { got[a.Key] = a.Name() + " " + string(a.Reason) })
	if err != nil || sum.Errors != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
	wantOutcomes(t, got, map[string]string{"a": "keep same", "gone": "error changed"})
}

func TestTransientErrorsOfATransferAreRetriedWhole(t *testing.T) {
	s, d := trees(t, state{"a": "1"}, state{}, true)
	n := 0
	d.put = func(core.Entry) error {
		if n++; n < 3 {
			return core.Transient(errors.New("try again"))
		}
		return nil
	}
	if _, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d}); sum.Files != 1 || n != 3 {
		t.Errorf("%+v after %d tries", sum, n)
	}
	n = 0
	d.put = func(core.Entry) error { n++; return errors.New("permanent") }
	plant(t, s, state{"b": "2"})
	if _, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d}); sum.Errors != 1 || n != 1 {
		t.Errorf("%+v after %d tries", sum, n)
	}
}

// badBytes gives out other content than its entries promise.
type badBytes struct{ *memory.Tree }

func (b badBytes) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	_, e, err := b.Tree.Open(ctx, key)
	return io.NopCloser(bytes.NewReader(make([]byte, e.Size))), e, err
}

func TestWrongBytesAreCorruptAndTheOldFileStays(t *testing.T) {
	for _, size := range []int{10, 3 << 20} {
		s, d := trees(t, state{"a": strings.Repeat("x", size)}, state{"a": "old"}, true)
		_, sum := outcomes(t, &reconcile.Reconciler{Src: badBytes{s.Tree}, Dst: d})
		if sum.Errors != 1 || look(t, d)["a"] != "old" {
			t.Errorf("%d bytes: %+v", size, sum)
		}
	}
}

func TestEntriesThatMayBeLinksMoveToTheLinkPhase(t *testing.T) {
	src := memory.NewOpaque(memory.All)
	plant(t, src, state{"a-link": "-> z", "z": "1"})
	url := core.Entry{Key: "url", Kind: core.Link, Target: core.Target{URL: "https://example.org/"}}
	src.Plant(url, nil)
	f := memory.All
	f.URLLinks, f.StoresMD5, f.DirTargets, f.Flat = false, false, false, false
	dst := &hook{Tree: memory.NewWith(f)}
	got, sum := outcomes(t, &reconcile.Reconciler{Src: src, Dst: dst})
	wantOutcomes(t, got, map[string]string{"z": "put new", "a-link": "link new", "url": "refuse unsupported"})
	if want := []string{"put z", "put a-link"}; !slices.Equal(dst.log, want) || sum.Links != 1 {
		t.Errorf("got %v, %+v", dst.log, sum)
	}
	_, again := outcomes(t, &reconcile.Reconciler{Src: src, Dst: dst, Keeps: true})
	if again.Files+again.Links != 0 || again.Kept != 2 {
		t.Errorf("a second run is not idle: %+v", again)
	}
}

func TestGuardsSpeakWithTheFigures(t *testing.T) {
	many := state{}
	for i := range 300 {
		many[fmt.Sprintf("f%03d", i)] = "x"
	}
	some := maps.Clone(many)
	maps.DeleteFunc(some, func(k, _ string) bool { return k < "f200" })
	limit, _ := reconcile.ParseDeleteLimit("10")
	for _, c := range []struct {
		name     string
		src, dst state
		r        reconcile.Reconciler
		want     error
		says     string
	}{
		{"empty source", state{}, many, reconcile.Reconciler{}, core.ErrEmptySource, "all of the destination's 300"},
		{"empty source allowed", state{}, many, reconcile.Reconciler{AllowEmptySource: true}, nil, ""},
		{"only an Other in the source", state{"o": other}, many, reconcile.Reconciler{}, core.ErrEmptySource, "300"},
		{"both empty", state{}, state{}, reconcile.Reconciler{}, nil, ""},
		{"every entry", state{"d/new": "x"}, state{"old": "y"}, reconcile.Reconciler{}, core.ErrTooManyDeletes, "1 of the destination's 1 entries"},
		{"more than half", some, many, reconcile.Reconciler{}, core.ErrTooManyDeletes, "200 of the destination's 300"},
		{"over the limit", state{"f000": "x"}, many, reconcile.Reconciler{MaxDelete: limit}, core.ErrTooManyDeletes, "(limit: 10)"},
		{"never", state{}, many, reconcile.Reconciler{Delete: reconcile.DeleteNever}, nil, ""},
	} {
		s, d := trees(t, c.src, c.dst, true)
		c.r.Src, c.r.Dst = s, d
		p, err := c.r.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = c.r.Guard(p)
		if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q does not say %q", c.name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "--") {
			t.Errorf("%s: %q names a flag", c.name, err)
		}
		_ = p.Close()
	}
}

func TestAnUnorderedSideIsSortedWithOneNotice(t *testing.T) {
	f := memory.All
	f.Unordered = true
	src := memory.NewWith(f)
	plant(t, src, state{"a/1": "x", "a-b": "y", "a.txt": "z"})
	liar := unorderedLiar{src} // says that it is ordered
	for name, tree := range map[string]core.Tree{"declared": src, "found out": liar} {
		dst := memory.New()
		var notices []string
		r := &reconcile.Reconciler{Src: tree, Dst: dst, TempDir: t.TempDir(), Notice: func(s string) { notices = append(notices, s) }}
		run(t, r)
		if !maps.Equal(look(t, dst), look(t, src)) {
			t.Errorf("%s: got %v", name, look(t, dst))
		}
		if want := map[string]int{"declared": 0, "found out": 1}[name]; len(notices) != want {
			t.Errorf("%s: notices %q", name, notices)
		}
	}
}

type unorderedLiar struct{ *memory.Tree }

func (u unorderedLiar) Features() core.Features {
	f := u.Tree.Features()
	f.Unordered = false
	return f
}

func TestALargePlanGoesToDiskAndBack(t *testing.T) {
	src, dst := memory.New(), memory.New()
	want := state{}
	for i := range 10_000 { // beyond the actions that a plan has in memory
		want[fmt.Sprintf("d%d/f%d", i%7, i)] = fmt.Sprint(i % 10)
	}
	plant(t, src, want)
	run(t, &reconcile.Reconciler{Src: src, Dst: dst, TempDir: t.TempDir()})
	if !maps.Equal(look(t, dst), want) {
		t.Error("what was copied is not what was planned")
	}
}

func TestAnInterruptedRunSaysSoAndDeletesNothing(t *testing.T) {
	s, d := trees(t, state{"a": "1", "b": "2", "c": "3"}, state{"z": "old"}, true)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d.put = func(core.Entry) error { cancel(); return nil }
	r := &reconcile.Reconciler{Src: s, Dst: d, Jobs: 1}
	p, err := r.Prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	_, err = r.Apply(ctx, p, nil)
	if !errors.Is(err, context.Canceled) || look(t, d)["z"] != "old" || len(d.log) != 1 {
		t.Errorf("%v, %v, %v", err, look(t, d), d.log)
	}
}
