package reconcile_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

func TestABackupHasJustOverwrittenAndDeletedEntries(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 7))
		flat := seed%2 == 0
		src, dst := randomState(r, true, true), randomState(r, flat, true)
		s, d := trees(t, src, dst, flat)
		backup := memory.New()
		_, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Backup: backup, MaxDelete: allDeletes(t), AllowEmptySource: true})
		now, saved := look(t, d), look(t, backup)
		want := state{}
		for key, was := range dst {
			if now[key] != was {
				want[key] = was
			}
		}
		if !maps.Equal(saved, want) || sum.Saved != int64(len(want)) || sum.Errors != 0 {
			t.Fatalf("seed %d: %v onto %v: saved %v, want %v; %+v", seed, src, dst, saved, want, sum)
		}
	}
}

func TestTheWayBackFromABackupPutsEverythingBack(t *testing.T) {
	s, d := trees(t, state{"a": "new", "l": "-> a", "x": "1"}, state{"a": "old", "gone": "g", "l": "-> gone", "f": "file"}, true)
	was, backup := look(t, d), memory.New()
	outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Backup: backup})
	outcomes(t, &reconcile.Reconciler{Src: backup, Dst: d, Delete: reconcile.DeleteNever})
	was["x"] = "1" // an entry that the run added stays
	if got := look(t, d); !maps.Equal(got, was) {
		t.Errorf("after the way back: %v, want %v", got, was)
	}
}

// broken is a backup that cannot hold some keys.
func brokenBackup(keys ...string) *hook {
	return &hook{Tree: memory.New(), put: func(e core.Entry) error {
		if slices.Contains(keys, e.Key) {
			return errors.New("the backup is full")
		}
		return nil
	}}
}

func TestAnEntryThatCannotBeSavedStaysAndDeletesStop(t *testing.T) {
	for _, unsaved := range []string{"a", "l", "gone", "dir/1", "b"} {
		src := state{"a": "new", "l": "-> a", "dir": "now a file", "b/x": "b is a directory now", "c": "c"}
		dst := state{"a": "old", "l": "-> old", "gone": "g", "gone2": "h", "dir/1": "1", "dir/2": "2", "b": "file"}
		s, d := trees(t, src, dst, false)
		got, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Backup: brokenBackup(unsaved), MaxDelete: allDeletes(t)})
		now := look(t, d)
		if got[unsaved] != "error unsaved" || sum.Errors != 1 || now[unsaved] != dst[unsaved] {
			t.Errorf("%s: %v, %+v, now %q", unsaved, got, sum, now[unsaved])
		}
		for key := range dst {
			if now[key] == "" {
				t.Errorf("%s cannot be saved, and %s was deleted", unsaved, key)
			}
		}
		if now["c"] != "c" {
			t.Errorf("%s: what is new was not put: %v", unsaved, now)
		}
	}
}

func TestABackupThatCannotHoldAnEntryKeepsItAtTheDestination(t *testing.T) {
	f := memory.All
	f.Links = false
	s, d := trees(t, state{"a": "1", "l": "now a file"}, state{"a": "1", "l": "-> a", "z": "-> a"}, true)
	got, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Backup: memory.NewWith(f)})
	if got["l"] != "error unsaved" || sum.Deletes != 0 || !maps.Equal(look(t, d), state{"a": "1", "l": "-> a", "z": "-> a"}) {
		t.Errorf("%v, %+v: %v", got, sum, look(t, d))
	}
}

// The planned version is saved, or nothing: a later one is left alone.
func TestAChangeSinceThePlanIsNeitherSavedNorTouched(t *testing.T) {
	s, d := trees(t, state{"a": "new", "k": "k"}, state{"a": "old", "gone": "g", "k": "k"}, true)
	backup := memory.New()
	r := &reconcile.Reconciler{Src: s, Dst: d, Backup: backup}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	plant(t, d, state{"a": "somebody's", "gone": "somebody's too"})
	sum, err := r.Apply(t.Context(), p, nil)
	if err != nil || sum.Errors != 1 || sum.Deletes != 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	if now := look(t, d); now["a"] != "somebody's" || now["gone"] != "somebody's too" || backup.Len() != 0 {
		t.Errorf("%v; saved %v", now, look(t, backup))
	}
}

func TestNothingInABackupIsOverwritten(t *testing.T) {
	s, d := trees(t, state{"a": "new"}, state{"a": "old"}, true)
	backup := memory.New()
	plant(t, backup, state{"a": "of another run"})
	got, _ := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Backup: backup})
	if got["a"] != "error unsaved" || look(t, d)["a"] != "old" || look(t, backup)["a"] != "of another run" {
		t.Errorf("%v: %v, saved %v", got, look(t, d), look(t, backup))
	}
	// but an entry that is there already, from a try that failed later, is saved
	backup = memory.New()
	plant(t, backup, state{"a": "old"})
	got, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Backup: backup})
	if got["a"] != "put md5" || sum.Saved != 0 || look(t, d)["a"] != "new" {
		t.Errorf("%v: %v, %+v", got, look(t, d), sum)
	}
}

func TestTransientErrorsOfABackupAreRetried(t *testing.T) {
	s, d := trees(t, state{"a": "new"}, state{"a": strings.Repeat("old", 1<<20)}, true)
	tries := 0
	backup := brokenBackup()
	backup.put = func(core.Entry) error {
		if tries++; tries < 3 {
			return core.Transient(errors.New("busy"))
		}
		return nil
	}
	if _, sum := outcomes(t, &reconcile.Reconciler{Src: s, Dst: d, Backup: backup}); sum.Errors != 0 || sum.Saved != 1 || backup.Len() != 1 {
		t.Errorf("%+v", sum)
	}
}

func TestTheCostOfABackupIsInTheNeed(t *testing.T) {
	s, d := trees(t, state{"a": "new", "n": "new"}, state{"a": "old", "x": "old", "k": "-> a"}, true)
	dst := &costly{d}
	for backup, want := range map[core.Backend]int64{nil: 2 + 2, &costly{&hook{Tree: memory.New()}}: 2 + 2 + 3*2} {
		p, err := (&reconcile.Reconciler{Src: s, Dst: dst, Backup: backup}).Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Totals().Need.Total(); got != want {
			t.Errorf("with backup %v: %d requests, want %d", backup != nil, got, want)
		}
		_ = p.Close()
	}
}

// costly asks one request for everything.
type costly struct{ *hook }

func one(c core.Class, n int64) (r core.Requests) {
	r[c] = n
	return r
}

func (c *costly) PutCost(core.Entry) core.Requests  { return one(core.ClassPut, 1) }
func (c *costly) OpenCost(core.Entry) core.Requests { return one(core.ClassGet, 1) }
func (c *costly) DeleteCost(n int64) core.Requests  { return one(core.ClassDelete, n) }
