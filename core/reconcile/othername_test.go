package reconcile_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// folding is a directory on a file system that takes names which differ in case for
// one, as those of macOS and Windows do: it keeps the first spelling of each name, and
// answers to all.
type folding struct{ *memory.Tree }

// spelled returns a key in the spelling of the names that are there, segment by
// segment.
func (f folding) spelled(key string) string {
	segs := strings.Split(key, "/")
	for e, err := range f.Tree.List(context.Background(), "") {
		if err != nil {
			continue
		}
		for i, seg := range strings.Split(e.Key, "/") {
			if i >= len(segs) || !strings.EqualFold(seg, segs[i]) {
				break
			}
			segs[i] = seg
		}
	}
	return strings.Join(segs, "/")
}

func (f folding) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := f.Tree.Stat(ctx, f.spelled(key))
	e.Key = key
	return e, err
}

func (f folding) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := f.Tree.Open(ctx, f.spelled(key))
	e.Key = key
	return body, e, err
}

func (f folding) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	e.Key = f.spelled(e.Key)
	return f.Tree.Put(ctx, e, body, old)
}

func (f folding) Delete(ctx context.Context, old core.Entry) error {
	old.Key = f.spelled(old.Key)
	return f.Tree.Delete(ctx, old)
}

// TestNamesThatDifferInCaseAreNotDeleted checks that a pull of names which one file
// system takes for one, and the push back, delete nothing of the source and nothing
// that the pull wrote, also in the runs after.
func TestNamesThatDifferInCaseAreNotDeleted(t *testing.T) {
	for name, c := range map[string]struct {
		bucket, local state // local: in the directory after each pull
		pull          int64 // errors of the pull: the same name has two contents
	}{
		"files":               {state{"A": "x", "a": "x", "b": "y"}, state{"A": "x", "b": "y"}, 0},
		"files that differ":   {state{"A": "x", "a": "z", "b": "y"}, state{"A": "x", "b": "y"}, 1},
		"directories":         {state{"Dir/x": "1", "dir/y": "2"}, state{"Dir/x": "1", "Dir/y": "2"}, 0},
		"a file in each":      {state{"Dir/x": "1", "dir/x": "1"}, state{"Dir/x": "1"}, 0},
		"below another":       {state{"p/Q/r": "1", "p/q/R": "1", "p/q/s": "2"}, state{"p/Q/r": "1", "p/Q/s": "2"}, 0},
		"nothing of the kind": {state{"a": "1", "b/c": "2"}, state{"a": "1", "b/c": "2"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bucket, dir := memory.New(), folding{memory.NewWith(directory)}
			plant(t, bucket, c.bucket)
			for round := range 3 {
				pull := &reconcile.Reconciler{Src: bucket, Dst: dir, Jobs: 1, TempDir: t.TempDir()}
				if _, sum := run(t, pull); sum.Errors != c.pull {
					t.Errorf("pull %d: %+v; want %d errors", round+1, sum, c.pull)
				}
				if got := look(t, dir.Tree); !maps.Equal(got, c.local) {
					t.Errorf("pull %d: %v; want %v", round+1, got, c.local)
				}
				push := &reconcile.Reconciler{Src: dir, Dst: bucket, Jobs: 1, TempDir: t.TempDir()}
				if plan, sum := run(t, push); plan.Deletes+sum.Errors > 0 {
					t.Errorf("push %d: %+v; want no deletes", round+1, plan)
				}
				got := look(t, bucket)
				for key, v := range c.bucket {
					if got[key] != v {
						t.Errorf("push %d: %q is %q; want %q", round+1, key, got[key], v)
					}
				}
			}
		})
	}
}

// TestAPullDeletesNothingThatItFound checks that a second pull does not delete an entry
// that lies in a directory of another spelling: the source's key leads to it.
func TestAPullDeletesNothingThatItFound(t *testing.T) {
	bucket, dir := memory.New(), folding{memory.NewWith(directory)}
	plant(t, bucket, state{"Dir/x": "1", "dir/y": "2", "z": "3"})
	plant(t, dir.Tree, state{"gone": "4"})
	want := state{"Dir/x": "1", "Dir/y": "2", "z": "3"}
	for round := range 4 {
		_, sum := run(t, &reconcile.Reconciler{Src: bucket, Dst: dir, Jobs: 1, TempDir: t.TempDir()})
		if got := look(t, dir.Tree); !maps.Equal(got, want) || sum.Errors > 0 || round > 0 && (sum.Deletes > 0 || sum.Refused != 1) {
			t.Errorf("pull %d: %v, %+v; want %v, and one entry that stays with a reason", round+1, got, sum, want)
		}
	}
}

// TestAnEntryThatIsGoneIsDeletedThere checks that the question before a delete changes
// nothing where the source really lacks the key, and that --delete=all does not ask.
func TestAnEntryThatIsGoneIsDeletedThere(t *testing.T) {
	for mode, want := range map[reconcile.DeleteMode]state{
		reconcile.DeleteAfter: {"A": "x", "a": "x"},
		reconcile.DeleteAll:   {"A": "x"},
	} {
		bucket, dir := memory.New(), folding{memory.NewWith(directory)}
		plant(t, bucket, state{"A": "x", "a": "x", "gone": "z", "d/gone": "z"})
		plant(t, dir.Tree, state{"A": "x"})
		run(t, &reconcile.Reconciler{Src: dir, Dst: bucket, Delete: mode, TempDir: t.TempDir()})
		if got := look(t, bucket); !maps.Equal(got, want) {
			t.Errorf("delete=%s: %v; want %v", mode, got, want)
		}
	}
}

// lossy is a tree whose first put of a key is done, and whose answer is lost.
type lossy struct {
	core.Backend
	key string
}

func (l *lossy) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	got, err := l.Backend.Put(ctx, e, body, old)
	if err == nil && e.Key == l.key {
		l.key = ""
		return core.Entry{}, core.Transient(errors.New("the answer is lost"))
	}
	return got, err
}

// TestADeleteIsOfItsOwnEntry checks that a file is deleted although a put of the same
// content found its own file after a lost answer: in such a store the token is one of
// the content.
func TestADeleteIsOfItsOwnEntry(t *testing.T) {
	src, dst := memory.New(), memory.NewOpaque(memory.All)
	plant(t, src, state{"new": "the same"})
	plant(t, dst, state{"gone": "the same", "kept": "x"})
	plant(t, src, state{"kept": "x"})
	_, sum := run(t, &reconcile.Reconciler{Src: src, Dst: &lossy{dst, "new"}, TempDir: t.TempDir()})
	if got := look(t, dst); !maps.Equal(got, state{"new": "the same", "kept": "x"}) || sum.Refused > 0 || sum.Deletes != 1 {
		t.Errorf("%v, %+v; want one delete", got, sum)
	}
}
