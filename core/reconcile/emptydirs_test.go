package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// dirTree is a tree with directories, which stay when their entries go.
type dirTree struct {
	planter
	mu   sync.Mutex
	dirs map[string]bool
}

func newDirTree() *dirTree {
	return &dirTree{planter: newTree(false, false), dirs: make(map[string]bool)}
}

// makeDir makes a directory with those that it is in.
func (t *dirTree) makeDir(dir string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; dir != "."; dir = path.Dir(dir) {
		t.dirs[dir] = true
	}
}

func (t *dirTree) Plant(e core.Entry, body []byte) {
	t.planter.Plant(e, body)
	t.makeDir(path.Dir(e.Key))
}

func (t *dirTree) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	stored, err := t.planter.Put(ctx, e, body, old)
	if err == nil {
		t.makeDir(path.Dir(e.Key))
		t.mu.Lock()
		defer t.mu.Unlock()
		maps.DeleteFunc(t.dirs, func(dir string, _ bool) bool { return dir == e.Key || core.Below(dir, e.Key) })
	}
	return stored, err
}

func (t *dirTree) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		t.mu.Lock()
		dirs := slices.Sorted(maps.Keys(t.dirs))
		t.mu.Unlock()
		slices.SortFunc(dirs, func(a, b string) int { return strings.Compare(a+"/", b+"/") })
		until := func(key string) bool {
			for ; len(dirs) > 0 && (key == "" || dirs[0]+"/" < key); dirs = dirs[1:] {
				if dirs[0]+"/" > after && !yield(core.DirectoryEntry(dirs[0]), nil) {
					return false
				}
			}
			return true
		}
		for e, err := range t.List(ctx, after) {
			if !until(e.Key) || !yield(e, err) {
				return
			}
		}
		until("")
	}
}

func (t *dirTree) RemoveDir(_ context.Context, dir string) error {
	for e, err := range t.ListDirs(context.Background(), "") {
		if err != nil || core.Below(e.Key, dir) && e.Key != dir+"/" {
			return &core.Error{Op: "rmdir", Key: dir, Err: errors.Join(core.ErrConflict, err)}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.dirs, dir)
	return nil
}

// stays reports whether a copy leaves dir alone: something is in it, or the source
// has something at its key, or above it, that cannot take its place.
func stays(m model.Copy, result state, dir string) bool {
	for _, s := range []state{m.Src, result} {
		for key := range s {
			if core.Below(key, dir) {
				return true
			}
		}
	}
	for key := range m.Src {
		if (key == dir || core.Below(dir, key)) && result[key] == "" {
			return true
		}
	}
	return false
}

func TestEmptyDirectoriesArePlannedAndCountedByThemselves(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 15))
	for i := range rounds(6000) {
		m := model.Copy{SrcFlat: true, Delete: reconcile.DeleteMode(i / 2 % 3), Src: randomState(rnd, i&1 != 0, true), Dst: randomState(rnd, false, true)}
		src, dst := newTree(true, false), newDirTree()
		plant(t, src, m.Src)
		plant(t, dst, m.Dst)
		for range rnd.IntN(4) {
			if key := model.RandomKey(rnd); m.Dst[key] == "" && m.Dst.Above(key) == "" {
				dst.makeDir(key)
			}
		}
		before := maps.Clone(dst.dirs)
		result := m.Result()
		r := &reconcile.Reconciler{Src: src, Dst: dst, Delete: m.Delete, Jobs: 3, TempDir: t.TempDir()}
		plan, sum := run(t, r)
		if got := look(t, dst); !maps.Equal(got, result) {
			t.Fatalf("round %d: src %v\ndst  %v\ngot  %v\nwant %v", i, m.Src, m.Dst, got, result)
		}
		var removed int64
		for dir := range before {
			gone := m.Delete != reconcile.DeleteNever && !stays(m, result, dir) && result[dir] == ""
			for key := range result {
				gone = gone && !core.Below(dir, key)
			}
			if gone {
				removed++
			}
			if replaced := result[dir] != "" || model.State(result).Above(dir) != ""; dst.dirs[dir] == (gone || replaced) {
				t.Fatalf("round %d, delete %v: %s is there: %v\nsrc %v\ndst %v, directories %v\nwant %v", i, m.Delete, dir, dst.dirs[dir], m.Src, m.Dst, before, result)
			}
		}
		if plan.Dirs != removed || sum.Dirs != removed {
			t.Fatalf("round %d: %d directories were planned, %d removed, and it should be %d", i, plan.Dirs, sum.Dirs, removed)
		}
		if again, _ := run(t, r); again.Dirs+again.Files+again.Links+again.Deletes != 0 {
			t.Fatalf("round %d: a second run is not idle: %+v", i, again)
		}
	}
}

func TestEmptyDirectoriesThatAreHiddenStay(t *testing.T) {
	dst := newDirTree()
	for _, dir := range []string{"logs/deep", "uploads", "d/logs", "d/e"} {
		dst.makeDir(dir)
	}
	hide := func(key string) bool { return strings.Contains("/"+key, "/logs/") }
	src := newTree(true, false)
	plant(t, src, state{"a": "x"})
	r := &reconcile.Reconciler{Src: wrap.FilterTree(src, hide), Dst: wrap.Filter(dst, hide)}
	var events []string
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := r.Guard(p); err != nil {
		t.Error(err)
	}
	if _, err := r.Apply(t.Context(), p, func(a reconcile.Action) { events = append(events, string(a.Event())) }); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(dst.dirs)); !slices.Equal(got, []string{"d", "d/logs", "logs", "logs/deep"}) {
		t.Errorf("left are %v", got)
	}
	want := []string{`{"event":"put","key":"a","reason":"new","size":1}`, `{"event":"rmdir","key":"d/e","reason":"empty"}`, `{"event":"rmdir","key":"uploads","reason":"empty"}`}
	if !slices.Equal(events, want) {
		t.Errorf("events %v", events)
	}
}

func TestEmptyDirectoriesStayWhereSomethingFailedOrCameInBetween(t *testing.T) {
	for name, c := range map[string]struct {
		between func(*dirTree)
		fails   bool
		left    []string
		errors  int64
	}{
		"a failed put":          {fails: true, left: []string{"empty", "used"}, errors: 1},
		"something came to it":  {between: func(d *dirTree) { d.Plant(core.Entry{Key: "empty/new", Kind: core.File}, nil) }, left: []string{"empty"}},
		"nothing in between":    {},
		"it was removed before": {between: func(d *dirTree) { delete(d.dirs, "empty") }},
	} {
		t.Run(name, func(t *testing.T) {
			src, dst := newTree(true, false), newDirTree()
			plant(t, src, state{"a": "x"})
			plant(t, dst, state{"used/old": "y"})
			dst.makeDir("empty")
			r := &reconcile.Reconciler{Src: src, Dst: dst}
			if c.fails {
				r.Dst = failing(dst, "a")
			}
			p, err := r.Prepare(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if c.between != nil {
				c.between(dst)
			}
			sum, err := r.Apply(t.Context(), p, nil)
			if err != nil || sum.Errors != c.errors {
				t.Errorf("%+v, %v", sum, err)
			}
			if got := slices.Sorted(maps.Keys(dst.dirs)); !slices.Equal(got, c.left) {
				t.Errorf("left are %v, want %v", got, c.left)
			}
			if p.Totals().Dirs != 2 || p.Totals().Deletes != 1 {
				t.Errorf("planned %+v", p.Totals())
			}
		})
	}
}

// TestEmptyDirectoriesInASavedPlan checks that a plan file carries them.
func TestEmptyDirectoriesInASavedPlan(t *testing.T) {
	src, dst := newTree(true, false), newDirTree()
	plant(t, src, state{"a": "x"})
	dst.makeDir("d/e")
	r := &reconcile.Reconciler{Src: src, Dst: dst}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var file strings.Builder
	if err := reconcile.WritePlan(&file, reconcile.PlanHeader{}, p); err != nil {
		t.Fatal(err)
	}
	h, read, err := reconcile.ReadPlan(strings.NewReader(file.String()), "")
	if err != nil {
		t.Fatal(err)
	}
	if h.Format != 2 || h.Totals.Dirs != 2 {
		t.Errorf("format %d, %+v", h.Format, h.Totals)
	}
	defer read.Close()
	r.Exact = true
	if sum, err := r.Apply(t.Context(), read, nil); err != nil || sum.Dirs != 2 || len(dst.dirs) > 0 {
		t.Errorf("%+v, %v; left are %v", sum, err, fmt.Sprint(dst.dirs))
	}
}
