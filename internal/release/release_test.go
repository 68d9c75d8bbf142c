package release

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// lab is a directory with a site, and a tree for its releases.
type lab struct {
	t    *testing.T
	src  string
	tree core.Backend
	mux  *core.Mux
	arg  string
}

func newLab(t *testing.T) *lab {
	l := &lab{t: t, src: t.TempDir(), mux: core.NewMux(localfs.Scheme, memory.Scheme), arg: "mem://" + strings.ReplaceAll(t.Name(), "/", "-")}
	l.write("index.html", "<p>1")
	l.write("a/b.txt", "b")
	tree, err := s3fc.MakeTree(t.Context(), l.mux, l.arg, core.Env{})
	if err != nil {
		t.Fatal(err)
	}
	l.tree = tree
	return l
}

func (l *lab) write(name, text string) {
	l.t.Helper()
	name = filepath.Join(l.src, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) site() *Site { return New(l.mux, l.arg, l.tree) }

func (l *lab) make(id string, o s3fc.Options) (Made, error) {
	return l.site().Make(l.t.Context(), l.src, id, o)
}

func (l *lab) mustMake(id string) {
	l.t.Helper()
	if _, err := l.make(id, s3fc.Options{}); err != nil {
		l.t.Fatal(err)
	}
}

// leads checks which release current leads to, "" for no link.
func (l *lab) leads(want string) {
	l.t.Helper()
	_, current, err := l.site().List(l.t.Context())
	if err != nil || current != want {
		l.t.Errorf("current leads to %q, %v; want %q", current, err, want)
	}
}

// once calls f on the first event of a run.
func once(f func()) func(s3fc.Action) {
	return func(s3fc.Action) {
		if g := f; g != nil {
			f = nil
			g()
		}
	}
}

// TestOfTwoJobsTheLaterLeavesCurrentAlone checks that the job which finds that current has
// changed says so and where it leads, with the first release, too.
func TestOfTwoJobsTheLaterLeavesCurrentAlone(t *testing.T) {
	for _, first := range []bool{true, false} {
		l := newLab(t)
		l.arg += map[bool]string{true: "-first", false: ""}[first]
		l.tree, _ = s3fc.MakeTree(t.Context(), l.mux, l.arg, core.Env{})
		if !first {
			l.mustMake("0")
		}
		_, err := l.make("slow", s3fc.Options{Event: once(func() { l.mustMake("quick") })})
		if !errors.Is(err, core.ErrChanged) || !strings.Contains(err.Error(), "current has changed meanwhile, and leads to releases/quick/") {
			t.Errorf("first %v: %v", first, err)
		}
		l.leads("quick")
		if _, err := l.site().Rollback(t.Context(), "slow", false); err != nil {
			t.Errorf("first %v: the later release cannot be had: %v", first, err)
		}
		l.leads("slow")
	}
}

// TestTwoJobsOfOneReleaseDoNotMix checks that only one of two jobs completes a release
// that both write.
func TestTwoJobsOfOneReleaseDoNotMix(t *testing.T) {
	l := newLab(t)
	_, err := l.make("1", s3fc.Options{Event: once(func() { l.mustMake("1") })})
	if err == nil {
		t.Error("both jobs say that they made the release")
	}
	l.leads("1")
}

// TestAnIncompleteReleaseIsNeverLinked checks that a site which changes while it is
// copied is no release, until a run over the same name completes it.
func TestAnIncompleteReleaseIsNeverLinked(t *testing.T) {
	l := newLab(t)
	l.mustMake("1")
	_, err := l.make("2", s3fc.Options{Event: once(func() { l.write("late.html", "<p>late") })})
	if err == nil || !strings.Contains(err.Error(), "release 2 is not complete") {
		t.Errorf("got %v", err)
	}
	l.leads("1")
	if _, err := l.site().Rollback(t.Context(), "2", false); err == nil || !strings.Contains(err.Error(), "release 2 is incomplete") {
		t.Errorf("rollback: %v", err)
	}
	if gone, err := l.site().Prune(t.Context(), 1); err != nil || len(gone) != 0 {
		t.Errorf("pruned %q, %v; want the job's release left alone", gone, err)
	}
	l.mustMake("2")
	l.leads("2")
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := l.site().Make(ctx, l.src, "3", s3fc.Options{Event: once(cancel)}); err == nil {
		t.Error("an interrupted release is complete")
	}
	l.leads("2")
}

// TestAReleaseThatIsBeingDeletedIsNotLinked checks that a rollback to a release which
// another job begins to delete at that moment puts current back.
func TestAReleaseThatIsBeingDeletedIsNotLinked(t *testing.T) {
	l := newLab(t)
	l.mustMake("1")
	l.mustMake("2")
	l.mustMake("3")
	tree := l.tree
	for _, id := range []string{"1", "2"} {
		l.tree = &deletesFirst{Base: wrap.Base{Backend: tree}, prune: func() {
			r, err := New(l.mux, l.arg, tree).read(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if removed, err := New(l.mux, l.arg, tree).remove(t.Context(), r); err != nil || !removed {
				t.Errorf("removed %v, %v", removed, err)
			}
		}}
		if _, err := l.site().Rollback(t.Context(), id, false); err == nil || !strings.Contains(err.Error(), "is being deleted by another job; current leads where it led before") {
			t.Errorf("got %v", err)
		}
		l.leads("3")
	}
}

// deletesFirst is a tree in which another job prunes just before the first link is put.
type deletesFirst struct {
	wrap.Base
	prune func()
}

func (d *deletesFirst) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if prune := d.prune; prune != nil && e.Kind == core.Link {
		d.prune = nil
		prune()
	}
	return d.Base.Put(ctx, e, body, old)
}

// TestPruneGoesOnAfterAKill checks that a release whose deletion was cut short is deleted
// by the next, and never linked.
func TestPruneGoesOnAfterAKill(t *testing.T) {
	l := newLab(t)
	l.mustMake("1")
	l.mustMake("2")
	r, err := l.site().read(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	r.State = Going
	if err := l.site().write(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := l.site().Rollback(t.Context(), "1", false); err == nil {
		t.Error("a release that is half deleted was linked")
	}
	if gone, err := l.site().Prune(t.Context(), 5); err != nil || len(gone) != 1 || gone[0] != "1" {
		t.Errorf("pruned %q, %v; want 1", gone, err)
	}
	for e, err := range l.tree.List(t.Context(), "") {
		if err != nil || strings.HasPrefix(e.Key, "releases/1/") || e.Key == s3fc.ReleaseMarker("1") {
			t.Errorf("%s is left, %v", e.Key, err)
		}
	}
	l.leads("2")
}

// TestNamesOfReleases checks that a name is one directory.
func TestNamesOfReleases(t *testing.T) {
	for id, valid := range map[string]bool{"1": true, "v1.2-rc_3": true, NewID(): true, "": false, ".s3fc": false, "..": false, "a/b": false, "a b": false, "é": false, strings.Repeat("a", 101): false} {
		if got := CheckID(id) == nil; got != valid {
			t.Errorf("%q: valid %v", id, got)
		}
	}
}
