package reconcile_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/testkit/model"
)

// stores are those that entries make a round trip between.
func randomStore(r *rand.Rand) core.Features {
	f := core.Features{
		Links: r.IntN(4) > 0, URLLinks: r.IntN(2) > 0, DirTargets: r.IntN(2) > 0, StoresMD5: r.IntN(2) > 0,
		Flat: r.IntN(2) > 0, Create: core.GuardAtomic, Replace: core.GuardAtomic,
	}
	if r.IntN(2) > 0 {
		f.MaxSegment, f.MaxTarget = 255, 300
	}
	if r.IntN(2) > 0 {
		f.MaxKey = 400
	}
	return f
}

// randomEntry is one that some stores cannot hold.
func randomEntry(r *rand.Rand) (core.Entry, []byte) {
	key := model.RandomKey(r)
	if r.IntN(4) == 0 {
		key += "/" + strings.Repeat("s", 250+r.IntN(8)) + "/" + strings.Repeat("t", 100+r.IntN(100))
	}
	switch r.IntN(4) {
	case 0:
		return core.Entry{Key: key, Kind: core.Link, Target: core.Target{URL: "https://example.org/"}}, nil
	case 1:
		target := core.Target{Key: model.RandomKey(r)}
		if r.IntN(3) == 0 {
			target.Key += strings.Repeat("/t", 200)
		}
		return core.Entry{Key: key, Kind: core.Link, Target: target}, nil
	}
	body := []byte(fmt.Sprint(r.IntN(3)))
	return core.Entry{Key: key, Kind: core.File, Size: int64(len(body)), MD5: core.SumMD5(body)}, body
}

// TestARoundTripDeletesNothing checks that for any two stores a copy from a to b, and
// back, leaves a as it was, whatever b could not hold.
func TestARoundTripDeletesNothing(t *testing.T) {
	rounds := rounds(6000)
	rnd := rand.New(rand.NewPCG(10, 1))
	refused := 0
	for i := range rounds {
		fa, fb := randomStore(rnd), randomStore(rnd)
		a, b := memory.NewWith(fa), memory.NewWith(fb)
		held := state{}
		for range 1 + rnd.IntN(8) {
			e, body := randomEntry(rnd)
			if core.CheckPut(a, e) != nil || !fa.Flat && held.InTheWay(e.Key) != "" {
				continue
			}
			a.Plant(e, body)
			held[e.Key] = "planted"
		}
		before := look(t, a)
		run(t, &reconcile.Reconciler{Src: a, Dst: b, Jobs: 3, TempDir: t.TempDir(), AllowEmptySource: true})
		back := &reconcile.Reconciler{Src: b, Dst: a, Jobs: 3, TempDir: t.TempDir(), AllowEmptySource: true}
		plan, sum := run(t, back)
		if after := look(t, a); !maps.Equal(before, after) || plan.Deletes+plan.Files+plan.Links+sum.Errors > 0 {
			t.Fatalf("round %d\na %+v\nb %+v\nbefore %v\nafter  %v\nb has  %v\nplan %+v", i, fa, fb, before, after, look(t, b), plan)
		}
		if refused += int(sum.Refused); sum.Refused != int64(len(before)-len(look(t, b))) {
			t.Fatalf("round %d: %d refused, and b lacks %d of %d", i, sum.Refused, len(before)-len(look(t, b)), len(before))
		}
	}
	if refused < rounds/10 {
		t.Errorf("%d entries were refused in %d rounds: the stores do not differ enough", refused, rounds)
	}
}

// TestDeleteAllRemovesEntriesThatTheSourceCannotHold checks that the exception has an
// exception.
func TestDeleteAllRemovesEntriesThatTheSourceCannotHold(t *testing.T) {
	src, dst := memory.NewWith(directory), memory.New()
	plant(t, src, state{"f": "x"})
	plant(t, dst, state{"f": "x", "p": "x", "p/q": "x", strings.Repeat("s", 300): "x"})
	dst.Plant(core.Entry{Key: "u", Kind: core.Link, Target: core.Target{URL: "https://example.org/"}}, nil)
	if _, sum := run(t, &reconcile.Reconciler{Src: src, Dst: dst}); sum.Refused != 4 || sum.Deletes != 0 {
		t.Errorf("%+v", sum)
	}
	if _, sum := run(t, &reconcile.Reconciler{Src: src, Dst: dst, Delete: reconcile.DeleteAll}); sum.Refused != 0 || sum.Deletes != 4 {
		t.Errorf("%+v", sum)
	}
}

// directory is the features of a local directory.
var directory = core.Features{Links: true, ModTimes: true, Create: core.GuardAtomic, Replace: core.GuardAtomic, MaxKey: 4000, MaxSegment: 255, MaxTarget: 4000}

// TestAFileBecomesADirectoryAndBack checks that both converge in one run, whatever
// lies below that one side cannot hold or that is excluded.
func TestAFileBecomesADirectoryAndBack(t *testing.T) {
	long := "d/" + strings.Repeat("s", 300)
	url := core.Entry{Key: "d/url", Kind: core.Link, Target: core.Target{URL: "https://example.org/"}}
	hide := func(key string) bool { return key == "d/excluded" }
	asDir, asFile := state{"d/a": "1", "d/b/c": "2", "x": "y"}, state{"d": "file", "x": "y"}
	for _, c := range []struct {
		name       string
		src, dst   state
		push       bool
		want, kept state
	}{
		{name: "push, file to directory", push: true, dst: asFile, src: asDir},
		{name: "push, directory to file", push: true, dst: asDir, src: asFile},
		{name: "pull, file to directory", dst: asFile, src: asDir},
		{name: "pull, directory to file", dst: asDir, src: asFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			local, bucket := memory.NewWith(directory), memory.New()
			src, dst := planter(local), planter(bucket)
			if !c.push {
				src, dst = bucket, local
			}
			plant(t, src, c.src)
			plant(t, dst, c.dst)
			plant(t, bucket, state{long: "long", "d/excluded": "secret"})
			bucket.Plant(url, nil)
			r := &reconcile.Reconciler{Src: wrap.FilterTree(src, hide), Dst: wrap.Filter(dst, hide)}
			_, sum := run(t, r)
			if sum.Errors+sum.Conflicts > 0 || sum.Refused != 2 {
				t.Errorf("the first run: %+v", sum)
			}
			want := maps.Clone(c.src)
			if c.push {
				maps.Copy(want, state{long: "long", "d/excluded": "secret", "d/url": model.Link("https://example.org/")})
			}
			if got := look(t, dst); !maps.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			plan, sum := run(t, r)
			if plan.Files+plan.Links+plan.Deletes+sum.Errors+sum.Conflicts > 0 {
				t.Errorf("the second run is not idle: %+v", plan)
			}
		})
	}
}

// TestAPairIsRefusedWhole checks that all of a pair is named, and that a source that
// has one side of it has the other deleted.
func TestAPairIsRefusedWhole(t *testing.T) {
	pair := state{"a": "1", "a-b": "2", "a/b": "3", "a/b/c": "4", "a/x/y": "5", "a0": "6"}
	for _, c := range []struct {
		name          string
		src           state
		stay, deleted []string
	}{
		{"neither", state{"z": "z"}, []string{"a", "a/b", "a/b/c", "a/x/y"}, []string{"a-b", "a0"}},
		{"the file", state{"a": "1"}, nil, []string{"a-b", "a/b", "a/b/c", "a/x/y", "a0"}},
		{"something below", state{"a/x/y": "5"}, []string{"a/b", "a/b/c"}, []string{"a", "a-b", "a0"}},
		{"something above a pair below", state{"a/x/new": "5"}, []string{"a/b", "a/b/c"}, []string{"a", "a-b", "a/x/y", "a0"}},
		{"the lower file", state{"a/b": "3"}, nil, []string{"a", "a-b", "a/b/c", "a/x/y", "a0"}},
		{"the lowest", state{"a/b/c": "4"}, nil, []string{"a", "a-b", "a/b", "a/x/y", "a0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, dst := memory.NewWith(directory), memory.New()
			plant(t, src, c.src)
			plant(t, dst, pair)
			r := &reconcile.Reconciler{Src: src, Dst: dst, TempDir: t.TempDir()}
			var stay, deleted []string
			for act, err := range r.Plan(t.Context()) {
				switch {
				case err != nil:
					t.Fatal(err)
				case act.Op == reconcile.OpRefuse && act.Reason == reconcile.ReasonUnholdable && act.Err != nil:
					stay = append(stay, act.Key)
				case act.Op == reconcile.OpDelete:
					deleted = append(deleted, act.Key)
				}
			}
			slices.Sort(stay)
			slices.Sort(deleted)
			if !slices.Equal(stay, c.stay) || !slices.Equal(deleted, c.deleted) {
				t.Errorf("stay %v, deleted %v", stay, deleted)
			}
		})
	}
}
