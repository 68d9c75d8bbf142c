package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/testkit/long"
)

// lab is a copy from a directory to another, with the state in memory.
type lab struct {
	t        *testing.T
	src, dst string
	tasks    Tasks
}

func newLab(t *testing.T) *lab {
	mux := new(core.Mux)
	mux.Handle(localfs.Scheme)
	mux.Handle(memory.Scheme)
	dir := t.TempDir()
	l := &lab{t: t, src: filepath.Join(dir, "src"), dst: filepath.Join(dir, "dst")}
	for _, d := range []string{l.src, l.dst} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	l.tasks = Tasks{Mux: mux, State: memory.New(), Program: "test 1"}
	return l
}

func (l *lab) write(dir, key, content string) {
	l.t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(key))
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) link(dir, key, text string) {
	l.t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(key))
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.Symlink(text, path)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// fill makes two trees that differ in every way that a plan can have.
func (l *lab) fill(n int) {
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // A fixed tree.
	for i := range n {
		key := fmt.Sprintf("d%d/s%d/f%d.html", i%7, i%13, i)
		if i%2 == 0 {
			key = fmt.Sprintf("d%d/a%d.css", i%5, i)
		}
		switch rng.IntN(5) {
		case 0:
			l.write(l.src, key, "new")
		case 1:
			l.write(l.src, key, "same")
			l.write(l.dst, key, "same")
		case 2:
			l.write(l.src, key, "changed")
			l.write(l.dst, key, "old")
		case 3:
			l.write(l.dst, key, "gone")
		case 4:
			l.link(l.src, key+"-link", "f.html")
			l.write(l.src, "d9/"+key, "kept")
		}
	}
	l.write(l.dst, "only/in/destination", "gone")
	l.write(l.dst, "swap", "a file")
	l.write(l.src, "swap/inside", "a directory")
	l.write(l.dst, "pwas/inside", "a directory")
	l.write(l.src, "pwas", "a file")
}

// tree returns the entries below a directory by path.
func (l *lab) tree(dir string) map[string]string {
	l.t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.Type()&os.ModeSymlink != 0 {
			all[rel], err = os.Readlink(path)
			return err
		}
		b, err := os.ReadFile(path) //nolint:gosec // Of this test.
		all[rel] = string(b)
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

func (l *lab) begin(shards int) *Run {
	l.t.Helper()
	l.tasks.Options.MaxDelete, _ = reconcile.ParseDeleteLimit("100%")
	if _, err := l.tasks.Begin(l.t.Context(), l.src, l.dst, shards, nil); err != nil {
		l.t.Fatal(err)
	}
	r, err := Load(l.t.Context(), l.tasks.State, "test 1")
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

// emptyDirs returns the directories below dir that hold nothing.
func (l *lab) emptyDirs(dir string) (empty []string) {
	l.t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			var in []os.DirEntry
			if in, err = os.ReadDir(path); len(in) == 0 {
				empty = append(empty, path)
			}
		}
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return empty
}

func passes(reconcile.Totals) error { return nil }

func (l *lab) list(r *Run) {
	l.t.Helper()
	for i := range r.Shards() {
		if _, err := l.tasks.List(l.t.Context(), r, i); err != nil {
			l.t.Fatalf("list %d: %v", i, err)
		}
	}
}

func (l *lab) check(r *Run) *Verdict {
	l.t.Helper()
	v, err := l.tasks.Check(l.t.Context(), r, passes)
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

// phase runs all tasks of a phase, and its gate before.
func (l *lab) phase(r *Run, p reconcile.Phase) {
	l.t.Helper()
	if err := l.tasks.Gate(l.t.Context(), r, p); err != nil {
		l.t.Fatalf("gate %s: %v", p, err)
	}
	for i := range r.Shards() {
		if d, err := l.tasks.Apply(l.t.Context(), r, p, i); err != nil || d.Failed > 0 {
			l.t.Fatalf("%s %d: %+v, %v", p, i, d, err)
		}
	}
}

func (l *lab) equal() {
	l.t.Helper()
	if got, want := l.tree(l.dst), l.tree(l.src); !maps.Equal(got, want) {
		l.t.Errorf("the destination has %d entries and the source %d:\n%v\n%v", len(got), len(want), got, want)
	}
}

func TestADividedCopyMakesTheTreesEqual(t *testing.T) {
	for _, shards := range []int{1, 2, 7, 40} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) {
			if shards != 2 {
				long.Only(t)
			}
			l := newLab(t)
			l.fill(300)
			r := l.begin(shards)
			l.list(r)
			v := l.check(r)
			for _, p := range Phases {
				l.phase(r, p)
			}
			l.equal()
			rep, err := l.tasks.Report(t.Context(), r)
			if dirs := l.emptyDirs(l.dst); len(dirs) > 0 {
				t.Errorf("empty directories stay: %v", dirs)
			}
			if err != nil || rep.Summary.Files != v.Totals.Files || rep.Summary.Links != v.Totals.Links || rep.Summary.Deletes != v.Totals.Deletes {
				t.Errorf("report %+v, %v; planned %+v", rep, err, v.Totals)
			}
			if shards > 1 {
				used := 0
				for i := range shards {
					if d, _, err := outcome(t.Context(), state{l.tasks.State}, v, Phases[0], i); err == nil && d.Summary.Files > 0 {
						used++
					}
				}
				if used < min(shards, 5)*2/3 {
					t.Errorf("only %d of %d shards had files to put", used, shards)
				}
			}
			for _, p := range Phases {
				if _, err := l.tasks.Apply(t.Context(), r, p, 0); !errors.Is(err, ErrNotNow) {
					t.Errorf("after the end, %s: %v", p, err)
				}
			}
		})
	}
}

// TestATaskBeforeItsTurnWritesNothing runs each task in every place where it is too
// early.
func TestATaskBeforeItsTurnWritesNothing(t *testing.T) {
	l := newLab(t)
	l.fill(60)
	before := l.tree(l.dst)
	r := l.begin(3)
	early := func(when string, from int) {
		t.Helper()
		for _, p := range Phases[from:] {
			if _, err := l.tasks.Apply(t.Context(), r, p, 1); !errors.Is(err, ErrNotNow) {
				t.Errorf("%s: %s: %v", when, p, err)
			}
			if from < 1 || p > Phases[from] {
				if err := l.tasks.Gate(t.Context(), r, p); !errors.Is(err, ErrNotNow) {
					t.Errorf("%s: gate %s: %v", when, p, err)
				}
			}
		}
		if _, err := l.tasks.Report(t.Context(), r); !errors.Is(err, ErrNotNow) {
			t.Errorf("%s: report: %v", when, err)
		}
	}
	early("no plan", 0)
	if _, err := l.tasks.List(t.Context(), r, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := l.tasks.Check(t.Context(), r, passes); !errors.Is(err, ErrNotNow) {
		t.Errorf("a verdict on one plan of three: %v", err)
	}
	early("one plan", 0)
	l.list(r)
	early("no verdict", 0)
	if got := l.tree(l.dst); !maps.Equal(got, before) {
		t.Fatal("something was written before the verdict")
	}
	l.check(r)
	for i, p := range Phases {
		if i > 0 {
			early("before the gate of "+p.String(), i)
		}
		l.phase(r, p)
	}
	l.equal()
}

// TestAGuardSpeaksOnTheSumBeforeTheFirstWrite divides a plan whose every part looks
// harmless.
func TestAGuardSpeaksOnTheSumBeforeTheFirstWrite(t *testing.T) {
	l := newLab(t)
	l.fill(60)
	r := l.begin(4)
	l.list(r)
	tooMany := errors.New("too many")
	var sum reconcile.Totals
	if _, err := l.tasks.Check(t.Context(), r, func(t reconcile.Totals) error { sum = t; return tooMany }); !errors.Is(err, tooMany) {
		t.Fatalf("got %v", err)
	}
	if sum.Deletes == 0 || sum.SrcEntries != int64(len(l.tree(l.src))) || sum.DstEntries != int64(len(l.tree(l.dst))) {
		t.Errorf("the guard saw %+v", sum)
	}
	if _, err := l.tasks.Apply(t.Context(), r, Phases[0], 0); !errors.Is(err, ErrNotNow) {
		t.Errorf("apply: %v", err)
	}
}

func TestTwoAttemptsAtOnceDoTheWorkOnce(t *testing.T) {
	long.Only(t)
	l := newLab(t)
	l.fill(200)
	r := l.begin(2)
	var wg sync.WaitGroup
	both := func(f func() error) {
		for range 3 {
			wg.Go(func() {
				if err := f(); err != nil {
					t.Logf("one of three attempts ends with: %v", err) // it may see the others at work
				}
			})
		}
		wg.Wait()
		if err := f(); err != nil {
			t.Errorf("an attempt after the others: %v", err)
		}
	}
	for i := range r.Shards() {
		both(func() error { _, err := l.tasks.List(t.Context(), r, i); return err })
	}
	both(func() error { _, err := l.tasks.Check(t.Context(), r, passes); return err })
	for _, p := range Phases {
		both(func() error { return l.tasks.Gate(t.Context(), r, p) })
		for i := range r.Shards() {
			both(func() error {
				d, err := l.tasks.Apply(t.Context(), r, p, i)
				if err == nil && d.Failed > 0 {
					err = fmt.Errorf("%s %d failed: %+v", p, i, d)
				}
				return err
			})
		}
	}
	l.equal()
}

// refusing fails to put one key as long as it is told to.
type refusing struct {
	core.Backend
	key *atomic.Pointer[string]
}

var errRefused = errors.New("refused by the test")

func (r refusing) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if key := r.key.Load(); key != nil && *key == e.Key {
		return core.Entry{}, &core.Error{Op: "put", Key: e.Key, Err: errRefused}
	}
	return r.Backend.Put(ctx, e, body, old)
}

// TestAFailureKeepsTheGatesShutUntilItIsMended makes one file of one shard fail.
func TestAFailureKeepsTheGatesShutUntilItIsMended(t *testing.T) {
	l := newLab(t)
	l.fill(100)
	var victim atomic.Pointer[string]
	mux := new(core.Mux)
	scheme := localfs.Scheme
	open := scheme.Open
	scheme.Open = func(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
		b, err := open(ctx, u, env)
		return refusing{b, &victim}, err
	}
	mux.Handle(scheme)
	l.tasks.Mux = mux
	r := l.begin(3)
	l.list(r)
	l.check(r)
	key := ""
	for k, content := range l.tree(l.src) {
		if content == "changed" && strings.HasSuffix(k, ".css") && (key == "" || k < key) {
			key = k
		}
	}
	victim.Store(&key)
	failed := -1
	for i := range r.Shards() {
		d, err := l.tasks.Apply(t.Context(), r, Phases[0], i)
		if err != nil {
			t.Fatal(err)
		}
		if d.Failed > 0 {
			failed = i
		}
	}
	if failed < 0 {
		t.Fatal("nothing failed")
	}
	for _, p := range Phases[1:] {
		if err := l.tasks.Gate(t.Context(), r, p); !errors.Is(err, ErrNotNow) {
			t.Errorf("gate %s: %v", p, err)
		}
	}
	victim.Store(nil)
	for _, p := range Phases {
		l.phase(r, p)
	}
	l.equal()
}

func TestRecordsOfAnotherRunAreNotThisRuns(t *testing.T) {
	l := newLab(t)
	l.fill(40)
	r := l.begin(2)
	l.list(r)
	l.check(r)
	if _, err := l.tasks.Begin(t.Context(), l.src, l.dst, 3, nil); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("a second run in one state: %v", err)
	}
	if again, err := l.tasks.Begin(t.Context(), l.src, l.dst, 2, nil); err != nil || again.ID() != r.ID() {
		t.Errorf("the same run begun again: %v", err)
	}
	other := *r
	other.MaxRequests++
	for name, f := range map[string]func() error{
		"list":  func() error { _, err := l.tasks.List(t.Context(), &other, 0); return err },
		"check": func() error { _, err := l.tasks.Check(t.Context(), &other, passes); return err },
		"gate":  func() error { return l.tasks.Gate(t.Context(), &other, Phases[1]) },
		"apply": func() error { _, err := l.tasks.Apply(t.Context(), &other, Phases[0], 0); return err },
	} {
		if err := f(); !errors.Is(err, ErrNotNow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(t.Context(), l.tasks.State, "test 2"); !errors.Is(err, ErrNotNow) {
		t.Errorf("another version: %v", err)
	}
	if _, err := Load(t.Context(), memory.New(), "test 1"); !errors.Is(err, ErrNotNow) {
		t.Errorf("no run: %v", err)
	}
}

// TestAPlanThatWasChangedIsNotCarriedOut puts the plan of one shard in the place of
// another, and damages one.
func TestAPlanThatWasChangedIsNotCarriedOut(t *testing.T) {
	l := newLab(t)
	l.fill(60)
	r := l.begin(2)
	l.list(r)
	l.check(r)
	s := state{l.tasks.State}
	b0, _, err := s.read(t.Context(), planKey(0))
	if err != nil {
		t.Fatal(err)
	}
	b1, _, err := s.read(t.Context(), planKey(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"of another shard": b1, "cut": b0[:len(b0)/2], "of one more line": append(slices.Clone(b0), b0...)} {
		_, now, err := s.read(t.Context(), planKey(0))
		if err == nil {
			_, err = s.put(t.Context(), planKey(0), b, &now)
		}
		if err != nil {
			t.Fatal(err)
		}
		if d, err := l.tasks.Apply(t.Context(), r, Phases[0], 0); err == nil {
			t.Errorf("a plan %s was carried out: %+v", name, d)
		}
	}
}

func TestAStoreThatOverwritesIsNoPlaceForTheState(t *testing.T) {
	l := newLab(t)
	l.tasks.State = overwrites{memory.New()}
	if _, err := l.tasks.Begin(t.Context(), l.src, l.dst, 2, nil); err == nil || !strings.Contains(err.Error(), "overwrites") {
		t.Errorf("got %v", err)
	}
}

// overwrites ignores conditions, as some stores do.
type overwrites struct{ core.Backend }

func (o overwrites) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if now, err := o.Stat(ctx, e.Key); err == nil {
		old = &now
	}
	return o.Backend.Put(ctx, e, body, old)
}

func TestOptionsThatNeedTheWholeTreeAreRefusedByName(t *testing.T) {
	for want, o := range map[string]s3fc.Options{
		"dir-links":  {DirLinks: s3fc.DirLinksExpand},
		"backup-dir": {Backup: "/elsewhere"},
		"reuse":      {Reuse: "/elsewhere"},
	} {
		l := newLab(t)
		l.tasks.Options = o
		_, err := l.tasks.Begin(t.Context(), l.src, l.dst, 2, nil)
		var option *s3fc.OptionError
		if !errors.As(err, &option) || option.Option != want {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
