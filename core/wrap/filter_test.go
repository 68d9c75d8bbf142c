package wrap_test

import (
	"context"
	"io/fs"
	"iter"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

func hideTmp(key string) bool { return strings.HasPrefix(key, "tmp") }

func TestFilterShowsHiddenEntriesAsExcluded(t *testing.T) {
	m := memory.New()
	put(t, m, "a", "1")
	put(t, m, "tmp/x", "2")
	b := wrap.Filter(m, hideTmp)
	wantNames(t, b, "a !tmp/x")
	for e, err := range b.List(t.Context(), "a") {
		wantError(t, "the Problem of a hidden entry", e.Problem, core.ErrExcluded)
		wantError(t, "List", err, nil)
	}
	stat, err := b.Stat(t.Context(), "tmp/x")
	if err != nil || stat.Kind != core.Other {
		t.Errorf("Stat of a hidden entry: %+v, %v; want an Other", stat, err)
	}
	rc, e, err := b.Open(t.Context(), "tmp/x")
	if rc != nil || err != nil || e.Kind != core.Other {
		t.Errorf("Open of a hidden entry: %v, %+v, %v; want no reader and an Other", rc, e, err)
	}
	_, err = b.Stat(t.Context(), "tmp/y")
	wantError(t, "Stat of what is hidden and not there", err, fs.ErrNotExist)
	_, _, err = b.Open(t.Context(), "tmp/y")
	wantError(t, "Open of what is hidden and not there", err, fs.ErrNotExist)
}

func TestFilterRefusesToChangeHiddenEntries(t *testing.T) {
	m := memory.NewOpaque(memory.All)
	hidden, seen := put(t, m, "tmp/x", "2"), put(t, m, "a", "1")
	b := wrap.Filter(m, hideTmp)
	_, err := b.Put(t.Context(), file("tmp/new", ""), strings.NewReader(""), nil)
	wantError(t, "Put", err, core.ErrExcluded)
	wantError(t, "Delete", b.Delete(t.Context(), hidden), core.ErrExcluded)
	wantError(t, "CheckPut", core.CheckPut(b, file("tmp/new", "")), core.ErrExcluded)
	batch, _ := core.As[core.BatchDeleter](b)
	errs := batch.DeleteBatch(t.Context(), []core.Entry{hidden, seen, hidden})
	wantError(t, "DeleteBatch of a hidden entry", errs[0], core.ErrExcluded)
	wantError(t, "DeleteBatch of another", errs[1], nil)
	wantError(t, "DeleteBatch of a hidden entry, last", errs[2], core.ErrExcluded)
	wantNames(t, m, "tmp/x")
}

// unreadable has a directory that cannot be read.
type unreadable struct {
	core.Backend
	dir string
}

func (u unreadable) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		if yield(core.Entry{}, &core.Error{Op: "list", Key: u.dir, Err: fs.ErrPermission}) {
			u.Backend.List(ctx, after)(yield)
		}
	}
}

func TestFilterHidesAnUnreadableDirectoryOnlyWhole(t *testing.T) {
	for _, c := range []struct {
		name string
		hide func(string) bool
		errs int
	}{
		{"everything below it is hidden", hideTmp, 0},
		{"its own name is hidden", func(key string) bool { return key == "tmp" }, 1},
		{"nothing is hidden", func(string) bool { return false }, 1},
	} {
		errs := 0
		for _, err := range wrap.FilterTree(unreadable{memory.New(), "tmp"}, c.hide).List(t.Context(), "") {
			if err != nil {
				errs++
			}
		}
		if errs != c.errs {
			t.Errorf("%s: %d errors, want %d", c.name, errs, c.errs)
		}
	}
}

func TestReadOnlyRefusesEveryChange(t *testing.T) {
	m := memory.NewOpaque(memory.All)
	e := put(t, m, "a", "1")
	b := wrap.ReadOnly(m)
	_, err := b.Put(t.Context(), file("b", ""), strings.NewReader(""), nil)
	wantError(t, "Put", err, fs.ErrPermission)
	wantError(t, "Delete", b.Delete(t.Context(), e), fs.ErrPermission)
	if _, ok := core.As[core.Finisher](b); ok {
		t.Error("a Finisher, want none")
	}
	wantNames(t, b, "a")
}

// finisher notes the directories that it was told to keep.
type finisher struct {
	*memory.Tree
	done core.Done
}

func (f *finisher) Finish(_ context.Context, done core.Done) ([]string, error) {
	f.done = done
	return nil, nil
}

func TestFilterProtectsHiddenEntriesFromCleanUp(t *testing.T) {
	inner := &finisher{Tree: memory.New()}
	f, ok := core.As[core.Finisher](wrap.Filter(inner, hideTmp))
	if !ok {
		t.Fatal("no Finisher")
	}
	if _, err := f.Finish(t.Context(), core.Done{LinksPut: 2, Keep: func(dir string) bool { return dir == "mine" }}); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{"tmp": true, "mine": true, "other": false} {
		if got := inner.done.Keep(dir); got != want {
			t.Errorf("keep %s: %v, want %v", dir, got, want)
		}
	}
	if inner.done.LinksPut != 2 {
		t.Errorf("%d links put, want 2", inner.done.LinksPut)
	}
}
