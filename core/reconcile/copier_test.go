package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// copying is a backend that takes files from other trees by itself.
type copying struct {
	*hook
	can  func(e core.Entry) bool
	fail func(e core.Entry, try int) error
	got  []string
	lie  bool
}

func (c *copying) CanCopy(_ core.Tree, e core.Entry) bool { return c.can == nil || c.can(e) }

func (c *copying) CopyCost(core.Entry) core.Requests { return one(core.ClassCopy, 1) }

func (c *copying) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	c.mu.Lock()
	c.got = append(c.got, key)
	try := len(c.got)
	c.mu.Unlock()
	if c.fail != nil {
		if err := c.fail(e, try); err != nil {
			return core.Entry{}, err
		}
	}
	body, now, err := src.Open(ctx, e.Key)
	if err != nil || body == nil || now.Token != e.Token {
		return core.Entry{}, errors.ErrUnsupported
	}
	now.Key = key
	stored, err := c.Tree.Put(ctx, now, body, old)
	if c.lie {
		stored.MD5 = core.SumMD5([]byte("something else"))
	}
	return stored, err
}

func copyingTrees(t *testing.T, src, dst state) (*hook, *copying) {
	s, d := trees(t, src, dst, true)
	return s, &copying{hook: d}
}

func TestFilesAreTakenOverWhereTheDestinationCan(t *testing.T) {
	s, d := copyingTrees(t, state{"a": "1", "b": "22", "l": "-> a", "k": "k"}, state{"b": "old", "k": "k"})
	s.open = func(key string) error {
		if key != "k" && !slices.Contains(d.got, key) {
			t.Errorf("%s was read", key)
		}
		return nil
	}
	got, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Jobs: 1})
	wantOutcomes(t, got, map[string]string{"a": "put new", "b": "put size", "l": "link new"})
	if !slices.Equal(d.got, []string{"a", "b"}) || !slices.Equal(d.log, []string{"put l"}) || sum.Bytes != 3 {
		t.Errorf("copied %v, then %v; %+v", d.got, d.log, sum)
	}
	if s.open = nil; !maps.Equal(look(t, s), look(t, d)) {
		t.Errorf("got %v", look(t, d))
	}
}

func TestAFileThatTheStoreCannotCopyIsReadAndPut(t *testing.T) {
	for name, refuse := range map[string]func(*copying){
		"not worth asking": func(d *copying) { d.can = func(core.Entry) bool { return false } },
		"refused": func(d *copying) {
			d.fail = func(core.Entry, int) error { return fmt.Errorf("no: %w", errors.ErrUnsupported) }
		},
	} {
		s, d := copyingTrees(t, state{"a": "1", "l": "-> a"}, state{"a": "old"})
		refuse(d)
		got, _ := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d})
		wantOutcomes(t, got, map[string]string{"a": "put size", "l": "link new"})
		if !slices.Equal(d.log, []string{"put a", "put l"}) || look(t, d)["a"] != "1" {
			t.Errorf("%s: %v, %v", name, d.log, look(t, d))
		}
	}
}

func TestErrorsOfTakingOverAreThoseOfAPut(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
		puts int
	}{
		{core.ErrChanged, "error changed", 1},
		{core.ErrCorrupt, "error write", 1},
		{fs.ErrPermission, "error write", 1},
		{core.ErrUnsupportedKey, "refuse unsupported", 1},
		{core.Transient(errors.New("busy")), "error write", 4},
	} {
		s, d := copyingTrees(t, state{"a": "1", "b": "2"}, state{"a": "old", "z": "extra"})
		d.fail = func(e core.Entry, _ int) error {
			if e.Key == "a" {
				return c.err
			}
			return nil
		}
		got, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Jobs: 1})
		if got["a"] != c.want || got["b"] != "put new" || len(d.got) != c.puts+1 || look(t, d)["a"] != "old" {
			t.Errorf("%v: %v, %v", c.err, got, d.got)
		}
		if failed := c.want[:5] == "error"; failed == (sum.Deletes > 0) {
			t.Errorf("%v: %d deletes", c.err, sum.Deletes)
		}
	}
}

func TestATransientErrorOfTakingOverIsTriedAgain(t *testing.T) {
	s, d := copyingTrees(t, state{"a": "1"}, state{})
	d.fail = func(_ core.Entry, try int) error {
		if try < 3 {
			return core.Transient(errors.New("busy"))
		}
		return nil
	}
	if got, _ := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d}); got["a"] != "put new" || len(d.got) != 3 {
		t.Errorf("%v, %v", got, d.got)
	}
}

func TestATakenOverFileOfAnotherMD5IsCorrupt(t *testing.T) {
	s, d := copyingTrees(t, state{"a": "1"}, state{"z": "extra"})
	d.lie = true
	if got, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d}); got["a"] != "error write" || sum.Deletes != 0 {
		t.Errorf("%v, %+v", got, sum)
	}
}

func TestASourceThatChangedIsNotTakenOverButDecidedAboutAgain(t *testing.T) {
	s, d := copyingTrees(t, state{"a": "planned"}, state{})
	r := &reconcile.Reconciler{Src: s, Dst: d}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	plant(t, s, state{"a": "newest"})
	if sum, err := r.Apply(t.Context(), p, nil); err != nil || sum.Files != 1 || look(t, d)["a"] != "newest" {
		t.Errorf("%+v, %v: %v", sum, err, look(t, d))
	}
}

func TestABackupIsTakenOverByItsStore(t *testing.T) {
	s, d := trees(t, state{"a": "new"}, state{"a": "old", "x": "gone", "l": "-> x"}, true)
	backup := &copying{hook: &hook{Tree: memory.New()}}
	_, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Backup: backup, Jobs: 1, MaxDelete: allDeletes(t)})
	if sum.Saved != 3 || !slices.Equal(backup.got, []string{"a", "x"}) || !slices.Equal(backup.log, []string{"put l"}) {
		t.Errorf("%+v, %v, %v", sum, backup.got, backup.log)
	}
}

func TestTheCostOfTakingOverIsInTheNeed(t *testing.T) {
	s, d := copyingTrees(t, state{"a": "1", "b": "2", "l": "-> a"}, state{})
	p, err := (&reconcile.Reconciler{Src: s, Dst: d}).Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := p.Totals().Need; got != one(core.ClassCopy, 2) {
		t.Errorf("%v, want 2 COPY", got)
	}
}

// moved is a tree that shows another under longer keys.
type moved struct {
	core.Tree
	ok bool
}

func (m moved) Origin(e core.Entry) (core.Tree, core.Entry, bool) {
	e.Key = "in/" + e.Key
	return m.Tree, e, m.ok
}

func TestOriginIsTheInnermostTree(t *testing.T) {
	inner := memory.New()
	e := core.Entry{Key: "k", Kind: core.File}
	for _, c := range []struct {
		tree core.Tree
		key  string
		ok   bool
	}{
		{inner, "k", true},
		{moved{inner, true}, "in/k", true},
		{moved{moved{inner, true}, true}, "in/in/k", true},
		{moved{moved{inner, false}, true}, "", false},
	} {
		got, as, ok := core.Origin(c.tree, e)
		if ok != c.ok || as.Key != c.key || ok && got != core.Tree(inner) {
			t.Errorf("%v: %v, %q, %v", c.tree, got, as.Key, ok)
		}
	}
}
