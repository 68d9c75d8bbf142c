package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/backends/localfs"
	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// through makes the directories of a lab be opened through wrap.
func (l *lab) through(wrap func(core.Backend) core.Backend) {
	mux := new(core.Mux)
	scheme := localfs.Scheme
	open := scheme.Open
	scheme.Open = func(ctx context.Context, u *url.URL, env core.Env) (core.Backend, error) {
		b, err := open(ctx, u, env)
		if err != nil {
			return nil, err
		}
		return wrap(b), nil
	}
	mux.Handle(scheme)
	l.tasks.Mux = mux
}

// records returns the keys of the state.
func (l *lab) records() (keys []string) {
	l.t.Helper()
	for e, err := range l.tasks.State.List(l.t.Context(), "") {
		if err != nil {
			l.t.Fatal(err)
		}
		keys = append(keys, e.Key)
	}
	return keys
}

// finishAll carries out the rest of a run.
func (l *lab) finishAll(r *Run) *Report {
	l.t.Helper()
	for _, p := range Phases {
		l.phase(r, p)
	}
	rep, err := l.tasks.Report(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	return rep
}

// TestACutNeverPartsAnEntryFromTheKeysBelowIt chooses cuts of random trees in which
// a is a file on one side and a directory on the other, among keys such as a-b and
// a.x, which sort between a and a/x.
func TestACutNeverPartsAnEntryFromTheKeysBelowIt(t *testing.T) {
	names := []string{"a", "a-b", "a.x", "a!", "b", "a/x", "a/x/y", "a/x-y", "a-b/c", "b/a", "b/a/z", "b-", "aa"}
	rng := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // A fixed choice.
	for range 400 {
		trees := []*memory.Tree{memory.New(), memory.New()}
		keys := []map[string]bool{{}, {}}
		for i, tree := range trees {
			for _, name := range names {
				if rng.IntN(2) == 0 {
					keys[i][name] = true
					if _, err := (state{tree}).put(t.Context(), name, []byte("x"), nil); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		for _, shards := range []int{2, 5, 20} {
			cuts, err := Cuts(t.Context(), shards, trees[0], trees[1])
			if err != nil || len(cuts) != shards-1 || !slices.IsSorted(cuts) {
				t.Fatal(cuts, err)
			}
			from, err := CutsFrom(t.Context(), shards, knownKeys(names...), trees[0], trees[1])
			if err != nil {
				t.Fatal(err)
			}
			for _, cut := range append(cuts, from...) {
				for _, k := range names {
					for _, below := range names {
						if (keys[0][k] || keys[1][k]) && strings.HasPrefix(below, k+"/") && (k > cut) != (below > cut) {
							t.Fatalf("the cut %q parts %q from %q", cut, k, below)
						}
					}
				}
			}
		}
	}
}

func knownKeys(keys ...string) *Known {
	s := new(sample)
	for _, key := range keys {
		s.add(key)
	}
	return &Known{keys: s}
}

// TestACutIsAskedForAgainWhenItsShardLists puts an entry above a cut after the run
// was begun.
func TestACutIsAskedForAgainWhenItsShardLists(t *testing.T) {
	l := newLab(t)
	for i := range 10 {
		l.write(l.src, fmt.Sprintf("dir/%d", i), "x")
	}
	r := l.begin(2)
	if !strings.HasPrefix(r.Cuts[0], "dir/") {
		t.Fatalf("the cuts are %q", r.Cuts)
	}
	l.write(l.dst, "dir", "a file, by somebody else")
	for i := range 2 {
		if _, err := l.tasks.List(t.Context(), r, i); err == nil || !strings.Contains(err.Error(), "begin a new run") {
			t.Errorf("shard %d: %v", i, err)
		}
	}
	if slices.Contains(l.records(), planKey(0)) {
		t.Error("a plan was stored")
	}
}

// cutOff ends listings with an error, or early without one.
type cutOff struct {
	core.Backend
	after string
	on    *atomic.Bool
}

func (c cutOff) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range c.Backend.List(ctx, after) {
			if c.on.Load() && e.Key > c.after {
				yield(core.Entry{}, io.ErrUnexpectedEOF)
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func TestACutListingLeavesNoPlanAndNoVerdict(t *testing.T) {
	l := newLab(t)
	l.fill(60)
	var on atomic.Bool
	l.through(func(b core.Backend) core.Backend { return cutOff{b, "d3", &on} })
	r := l.begin(3)
	on.Store(true)
	failed := 0
	for i := range 3 {
		if _, err := l.tasks.List(t.Context(), r, i); err != nil {
			failed++
			if slices.Contains(l.records(), planKey(i)) {
				t.Errorf("shard %d has a plan though %v", i, err)
			}
		}
	}
	if _, err := l.tasks.Check(t.Context(), r, passes); failed == 0 || !errors.Is(err, ErrNotNow) {
		t.Errorf("%d listings failed, and the verdict: %v", failed, err)
	}
	on.Store(false)
	l.list(r)
	l.check(r)
	l.finishAll(r)
	l.equal()
}

func TestAnEmptyRangeIsNormal(t *testing.T) {
	l := newLab(t)
	l.write(l.src, "one", "file")
	r := l.begin(9)
	l.list(r)
	l.check(r)
	rep := l.finishAll(r)
	l.equal()
	if rep.Summary.Files != 1 {
		t.Errorf("%+v", rep.Summary)
	}
	tries := 0
	for _, key := range l.records() {
		if strings.HasPrefix(key, "try/") && !strings.HasPrefix(key, "try/list/") {
			tries++
		}
	}
	if tries != 1 {
		t.Errorf("%d attempts of tasks, one of which has work", tries)
	}
}

// TestASourceThatChangedFailsItsActionAndWithItAllDeletes changes a file of the
// source after the plan.
func TestASourceThatChangedFailsItsActionAndWithItAllDeletes(t *testing.T) {
	l := newLab(t)
	l.fill(60)
	r := l.begin(3)
	l.list(r)
	l.check(r)
	l.write(l.src, "pwas", "another file")
	l.write(l.src, "d9/new", "was not planned")
	var key string
	for k, content := range l.tree(l.src) {
		if content == "changed" && (key == "" || k < key) {
			key = k
		}
	}
	l.write(l.src, key, "changed once more, after the plan")
	before := l.tree(l.dst)
	failed := int64(0)
	for i := range r.Shards() {
		d, err := l.tasks.Apply(t.Context(), r, Phases[0], i)
		if err != nil {
			t.Fatal(err)
		}
		failed += d.Failed
	}
	if failed != 1 {
		t.Errorf("%d actions failed, want that of %s", failed, key)
	}
	for _, p := range Phases[1:] {
		if err := l.tasks.Gate(t.Context(), r, p); !errors.Is(err, ErrNotNow) {
			t.Errorf("gate %s: %v", p, err)
		}
		for i := range r.Shards() {
			if _, err := l.tasks.Apply(t.Context(), r, p, i); !errors.Is(err, ErrNotNow) {
				t.Errorf("%s %d: %v", p, i, err)
			}
		}
	}
	after := l.tree(l.dst)
	for k := range before {
		if _, there := after[k]; !there {
			t.Errorf("%s was deleted", k)
		}
	}
	if after[key] != before[key] {
		t.Errorf("%s is %q", key, after[key])
	}
}

// TestALoserFindsItsContentInPlace runs a task whose attempt was killed once
// everything was written and nothing recorded, for each phase.
func TestALoserFindsItsContentInPlace(t *testing.T) {
	l := newLab(t)
	l.fill(100)
	r := l.begin(2)
	l.list(r)
	v := l.check(r)
	s := state{l.tasks.State}
	for _, p := range Phases {
		if err := l.tasks.Gate(t.Context(), r, p); err != nil {
			t.Fatal(err)
		}
		for i := range r.Shards() {
			first, err := l.tasks.Apply(t.Context(), r, p, i)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.remove(t.Context(), doneKey(p, i)); err != nil {
				t.Fatal(err)
			}
			again, err := l.tasks.Apply(t.Context(), r, p, i)
			if err != nil || again.Failed > 0 {
				t.Fatalf("%s %d again: %+v, %v", p, i, again, err)
			}
			a, b := first.Summary, again.Summary
			if b.Files+b.Links+b.Deletes != 0 || b.Kept != a.Kept+a.Files+a.Links {
				t.Errorf("%s %d: %+v, then %+v", p, i, a, b)
			}
		}
	}
	l.equal()
	if rep, err := l.tasks.Report(t.Context(), r); err != nil || rep.Summary.Kept != v.Totals.Files+v.Totals.Links {
		t.Errorf("%+v, %v", rep, err)
	}
}

// TestTheSumNeverPassesTheBudget begins attempts of all tasks at random until none
// is allowed any more.
func TestTheSumNeverPassesTheBudget(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // A fixed choice.
	for range 200 {
		need, share := rng.Int64N(50), rng.Int64N(500)
		allowance := applyAllowance(need, share)
		sum := int64(0)
		for n := range 100 {
			more := allowance(n)
			if n == 0 && more < need {
				t.Fatalf("need %d: the first attempt may send %d", need, more)
			}
			sum += more
		}
		if sum > need+share || sum < need+share-1 { // of an odd share, one stays over
			t.Fatalf("need %d, share %d: attempts may send %d", need, share, sum)
		}
		r := &Run{MaxRequests: rng.Int64N(1e6), Cuts: make([]string, rng.IntN(40))}
		sum = 0
		for n := range 100 {
			sum += listAllowance(r, n)
		}
		if sum*int64(r.Shards()) > r.MaxRequests {
			t.Fatalf("%d shards may send %d each of %d", r.Shards(), sum, r.MaxRequests)
		}
	}
	l := newLab(t)
	r := &Run{MaxRequests: 100}
	s := state{l.tasks.State}
	sum := int64(0)
	for n := 0; ; n++ {
		got, requests, err := begin(t.Context(), s, r, "files", 0, applyAllowance(10, 20))
		if errors.Is(err, ErrNoRequests) {
			break
		}
		if err != nil || got != n {
			t.Fatalf("attempt %d: %d, %v", n, got, err)
		}
		sum += requests
	}
	if sum != 30 {
		t.Errorf("all attempts may send %d, want 30", sum)
	}
}

// TestABudgetThatIsTooSmallStopsTheRunBeforeItWrites gives a run as many requests as
// its plans need and a few less.
func TestABudgetThatIsTooSmallStopsTheRunBeforeItWrites(t *testing.T) {
	v := &Verdict{Need: 100, Lost: 7, Spent: Requests{Trees: map[string]int64{"LIST": 3}}}
	if err := v.divide(&Run{MaxRequests: 110 + reportRequests - 1}); !errors.Is(err, ErrNoRequests) {
		t.Errorf("one too few: %v", err)
	}
	if err := v.divide(&Run{MaxRequests: 110 + reportRequests}); err != nil || v.Share != 0 {
		t.Errorf("just enough: %v", err)
	}
	l := newLab(t)
	l.fill(10)
	l.tasks.Options.MaxRequests = 20
	r := l.begin(4)
	l.list(r)
	if _, err := l.tasks.Check(t.Context(), r, passes); !errors.Is(err, ErrNoRequests) {
		t.Errorf("got %v", err) // a directory takes no requests, but each phase is allowed some for its listing
	}
}

// TestARunThatHasEndedRefusesEveryStep runs all steps after the report, and holds the
// state to being as it was.
func TestARunThatHasEndedRefusesEveryStep(t *testing.T) {
	l := newLab(t)
	l.fill(40)
	r := l.begin(2)
	l.list(r)
	l.check(r)
	first := l.finishAll(r)
	before, tree := l.records(), l.tree(l.dst)
	l.write(l.src, "later", "x")
	steps := map[string]func() error{
		"list":  func() error { _, err := l.tasks.List(t.Context(), r, 0); return err },
		"check": func() error { _, err := l.tasks.Check(t.Context(), r, passes); return err },
	}
	for _, p := range Phases {
		steps["gate "+p.String()] = func() error { return l.tasks.Gate(t.Context(), r, p) }
		steps["apply "+p.String()] = func() error { _, err := l.tasks.Apply(t.Context(), r, p, 1); return err }
	}
	for name, step := range steps {
		if err := step(); !errors.Is(err, ErrNotNow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again, err := l.tasks.Report(t.Context(), r); err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("report again: %+v, %v", again, err)
	}
	if !slices.Equal(l.records(), before) || !maps.Equal(l.tree(l.dst), tree) {
		t.Error("something was written")
	}
}

// TestTheReportHasTheEventsOfAPlainCopy compares them, but for their order.
func TestTheReportHasTheEventsOfAPlainCopy(t *testing.T) {
	events := func(into *[]string) func(reconcile.Action) {
		return func(a reconcile.Action) {
			if a.Op != reconcile.OpRemoveDir { // a divided run removes them with their last entry
				*into = append(*into, a.Name()+" "+a.Key)
			}
		}
	}
	build := func() *lab {
		l := newLab(t)
		l.fill(80)
		l.link(l.src, "out", "/etc/passwd")
		return l
	}
	var want, got []string
	l := build()
	limit, _ := reconcile.ParseDeleteLimit("100%")
	if _, err := s3fc.CopyURL(t.Context(), l.tasks.Mux, l.src, l.dst, s3fc.Options{MaxDelete: limit, Event: events(&want)}); err != nil {
		t.Fatal(err)
	}
	l = build()
	r := l.begin(5)
	l.list(r)
	l.check(r)
	for _, p := range Phases {
		l.phase(r, p)
	}
	l.tasks.Options.Event = events(&got)
	rep, err := l.tasks.Report(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	removable, _, err := state{l.tasks.State}.read(t.Context(), rep.Removable)
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Fields(string(removable))
	kept := []string{removableKey, reportKey, runKey}
	if all := l.records(); len(all) != len(listed)+len(kept) || slices.ContainsFunc(kept, func(k string) bool { return slices.Contains(listed, k) }) {
		t.Errorf("removable: %q of %q", listed, all)
	}
}

// TestIgnoreFilesHoldInEveryShard has rules at the root, and in a directory that two
// shards divide.
func TestIgnoreFilesHoldInEveryShard(t *testing.T) {
	l := newLab(t)
	for i := range 30 {
		l.write(l.src, fmt.Sprintf("m/%02d.txt", i), "x")
		l.write(l.src, fmt.Sprintf("m/%02d.log", i), "x")
		l.write(l.dst, fmt.Sprintf("m/%02d.tmp", i), "theirs")
	}
	l.write(l.src, ".s3fcignore", "*.log\n")
	l.write(l.src, "m/.s3fcignore", "*.tmp\n")
	l.tasks.Options.Rules = []string{"m/03*"}
	r := l.begin(4)
	if r.Cuts[0] < "m/" || r.Cuts[2] > "m/z" {
		t.Fatalf("the cuts %q do not divide the directory", r.Cuts)
	}
	l.list(r)
	l.check(r)
	l.finishAll(r)
	got := l.tree(l.dst)
	for i := range 30 {
		_, text := got[fmt.Sprintf("m/%02d.txt", i)]
		_, log := got[fmt.Sprintf("m/%02d.log", i)]
		_, tmp := got[fmt.Sprintf("m/%02d.tmp", i)]
		if text != (i != 3) || log || !tmp {
			t.Errorf("%02d: txt %v, log %v, tmp %v", i, text, log, tmp)
		}
	}
}

// TestEachOptionIsOfTheRunOrOfATaskOrRefused fails for an option that is new, until
// somebody decides about it.
func TestEachOptionIsOfTheRunOrOfATaskOrRefused(t *testing.T) {
	ofTask := []string{"MaxRequests", "Budget", "Jobs", "Memory", "Bandwidth", "CacheDir", "TempDir", "Prices", "Log", "Event", "GiveUp", "Start", "Keeps", "Notice", "Progress"}
	refused := []string{"DirLinks", "Backup", "BackupTree", "Reuse"}
	own := []string{"Exact", "Range"} // set by the run itself
	saved := []string{"Rules", "SiteRules", "Headers", "Pages", "Detect", "Links", "LinkBody", "Delete", "MaxDelete", "AllowEmptySource", "DeleteReleases", "Strict"}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[s3fc.Options]()) {
		if !slices.Contains(slices.Concat(ofTask, refused, own, saved), f.Name) {
			t.Errorf("is the option %s of a run, of each task, or does it need the whole tree?", f.Name)
		}
	}
	if names := s3fc.OptionNames(); len(names) != len(saved)+1 { // dir-links, of which one value is accepted
		t.Errorf("the saved options are %q", names)
	}
}

// unordered lists in no order.
type unordered struct{ core.Backend }

func (u unordered) Features() core.Features {
	f := u.Backend.Features()
	f.Unordered = true
	return f
}

func TestATreeWithoutAnOrderIsRefused(t *testing.T) {
	l := newLab(t)
	l.through(func(b core.Backend) core.Backend { return unordered{b} })
	if _, err := l.tasks.Begin(t.Context(), l.src, l.dst, 2, nil); err == nil || !strings.Contains(err.Error(), "copy it by one process") {
		t.Errorf("got %v", err)
	}
	if keys := l.records(); len(keys) > 0 {
		t.Errorf("the state has %q", keys)
	}
}

// TestARunHasNoSecrets names a password in a URL.
func TestARunHasNoSecrets(t *testing.T) {
	l := newLab(t)
	mux := l.tasks.Mux
	mux.Handle(core.Scheme{Name: "vault", Open: func(context.Context, *url.URL, core.Env) (core.Backend, error) { return memory.New(), nil }})
	if _, err := l.tasks.Begin(t.Context(), "vault://me:hunter2@host/a", l.dst, 2, nil); err != nil {
		t.Fatal(err)
	}
	b, _, err := state{l.tasks.State}.read(t.Context(), runKey)
	if err != nil || strings.Contains(string(b), "hunter2") || !strings.Contains(string(b), "vault://me@host/a") {
		t.Errorf("%v: %s", err, b)
	}
}

// TestARunNamesItsTreesForAnyWorkingDirectory begins a run of relative paths.
func TestARunNamesItsTreesForAnyWorkingDirectory(t *testing.T) {
	l := newLab(t)
	l.fill(10)
	t.Chdir(filepath.Dir(l.src))
	l.tasks.Options.MaxDelete, _ = reconcile.ParseDeleteLimit("100%")
	if _, err := l.tasks.Begin(t.Context(), "src", "./dst", 2, nil); err != nil {
		t.Fatal(err)
	}
	t.Chdir(os.TempDir())
	r, err := Load(t.Context(), l.tasks.State, "test 1")
	if err != nil {
		t.Fatal(err)
	}
	l.list(r)
	l.check(r)
	l.finishAll(r)
	l.equal()
}
