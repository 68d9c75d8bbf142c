package wrap_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// withDirs is a tree with the directories "d", "d/e" and "hidden", all empty, and
// the file "f". It notes the directories that it was told to remove.
type withDirs struct {
	core.Backend
	removed []string
}

func newWithDirs(t *testing.T) *withDirs {
	m := memory.New()
	put(t, m, "f", "f")
	return &withDirs{Backend: m}
}

func (w *withDirs) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		f, err := w.Stat(ctx, "f")
		for _, e := range []core.Entry{core.DirectoryEntry("d"), core.DirectoryEntry("d/e"), f, core.DirectoryEntry("hidden")} {
			if e.Key > after && !yield(e, err) {
				return
			}
		}
	}
}

func (w *withDirs) RemoveDir(_ context.Context, dir string) error {
	w.removed = append(w.removed, dir)
	return nil
}

func TestDirectoriesPassEveryDecorator(t *testing.T) {
	for name, decorate := range decorators {
		t.Run(name, func(t *testing.T) {
			inner := newWithDirs(t)
			b := decorate(inner)
			prefix := ""
			if name == "sub" {
				var err error
				if b, err = wrap.Sub(inner, "d"); err != nil {
					t.Fatal(err)
				}
				prefix = "d/"
			}
			var dirs []string
			for e, err := range core.ListDirs(t.Context(), b, "") {
				if err != nil {
					t.Fatal(err)
				}
				if dir, ok := e.Directory(); ok {
					dirs = append(dirs, prefix+dir)
				}
			}
			want := []string{"d", "d/e", "hidden"}
			switch name {
			case "sub":
				want = []string{"d/e"}
			case "filter":
				want = []string{"d", "d/e"}
			}
			if !slices.Equal(dirs, want) {
				t.Errorf("listed %v, want %v", dirs, want)
			}
			r, ok := core.As[core.DirRemover](b)
			if !ok {
				t.Fatal("it hides that directories can be removed")
			}
			if err := r.RemoveDir(t.Context(), dirs[0][len(prefix):]); err != nil || !slices.Equal(inner.removed, dirs[:1]) {
				t.Errorf("removed %v, %v", inner.removed, err)
			}
		})
	}
}

func TestDirectoriesThatMustNotBeRemovedStay(t *testing.T) {
	inner := newWithDirs(t)
	hide := func(key string) bool { return key == "hidden/" }
	for name, b := range map[string]core.Backend{
		"filter":   wrap.Filter(inner, hide),
		"readOnly": wrap.ReadOnly(inner),
		"fault":    wrap.Fault(inner, wrap.OnKind(wrap.StepRemoveDir, wrap.Always(errors.New("no")))),
	} {
		r, ok := core.As[core.DirRemover](b)
		if !ok {
			t.Fatal(name)
		}
		if err := r.RemoveDir(t.Context(), "hidden"); err == nil || len(inner.removed) > 0 {
			t.Errorf("%s: removed %v, %v", name, inner.removed, err)
		}
	}
}

func TestRetryGoesOnWithDirectories(t *testing.T) {
	inner := newWithDirs(t)
	broken := wrap.Fault(inner, wrap.OnKind(wrap.StepNext, wrap.OnIndex(3, core.Transient(errGood))))
	b := wrap.Retry(broken, 3, func(int) time.Duration { return 0 })
	var keys []string
	for e, err := range core.ListDirs(t.Context(), b, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key)
	}
	if !slices.Equal(keys, []string{"d/", "d/e/", "f", "hidden/"}) {
		t.Error(keys)
	}
}
