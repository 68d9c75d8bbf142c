package reconcile_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/testkit/model"

	"github.com/s3fc/s3fc/core/reconcile"
)

type state = model.State

const other = model.Other

func randomState(r *rand.Rand, flat, others bool) state { return model.Random(r, flat, others) }

type planter interface {
	core.Backend
	Plant(e core.Entry, body []byte)
}

// plant makes tree hold s.
func plant(t testing.TB, tree planter, s state) {
	t.Helper()
	model.Plant(tree, s)
}

// look reads the tree whole.
func look(t testing.TB, tree core.Tree) state {
	t.Helper()
	s, err := model.Look(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rounds is n in a thorough run, and a tenth otherwise.
func rounds(n int) int {
	if os.Getenv("S3FC_TEST_THOROUGH") == "" {
		n /= 10
	}
	return n
}

func run(t testing.TB, r *reconcile.Reconciler) (reconcile.Totals, reconcile.Summary) {
	t.Helper()
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := r.Apply(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Totals(), s
}

func TestCopyOfRandomTreesMatchesAReference(t *testing.T) {
	rounds := rounds(10_000)
	rnd := rand.New(rand.NewPCG(3, 14))
	for i := range rounds {
		m := model.Copy{Flat: i&1 != 0, Delete: reconcile.DeleteMode(i / 8 % 3)}
		m.SrcFlat = i&2 != 0
		m.Src, m.Dst = randomState(rnd, m.SrcFlat, true), randomState(rnd, m.Flat, true)
		src, dst := newTree(m.SrcFlat, false), newTree(m.Flat, i&4 != 0)
		plant(t, src, m.Src)
		plant(t, dst, m.Dst)
		want := m.Result()
		r := &reconcile.Reconciler{Src: src, Dst: dst, Delete: m.Delete, Jobs: 3, TempDir: t.TempDir()}
		plan, sum := run(t, r)
		if got := look(t, dst); !maps.Equal(got, want) {
			t.Fatalf("round %d, flat %v, delete %v\nsrc  %v\ndst  %v\ngot  %v\nwant %v\nplan %+v\nsum  %+v", i, m.Flat, m.Delete, m.Src, m.Dst, got, want, plan, sum)
		}
		if sum.Errors != 0 || plan.Files != sum.Files || plan.Links != sum.Links || plan.Deletes != sum.Deletes+kept(plan, sum) {
			t.Fatalf("round %d: flat %v, delete %v\nsrc  %v\ndst  %v\nwant %v\nplanned %+v\ndid     %+v", i, m.Flat, m.Delete, m.Src, m.Dst, want, plan, sum)
		}
		again, sum2 := run(t, r)
		if again.Files+again.Links+again.Deletes != 0 || sum2.Conflicts != sum.Conflicts {
			t.Fatalf("round %d: a second run is not idle: %+v\nsrc %v\ndst %v", i, again, m.Src, want)
		}
	}
}

// kept is how many deletes of things in the way were not needed after all.
func kept(plan reconcile.Totals, sum reconcile.Summary) int64 { return sum.Kept - plan.Kept }

func newTree(flat, opaque bool) planter {
	f := memory.All
	f.Flat = flat
	if opaque {
		return memory.NewOpaque(f)
	}
	return memory.NewWith(f)
}
