package reconcile_test

import (
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// priced is a tree whose deletes cost one request each.
type priced struct{ core.Backend }

func (priced) OpenCost(core.Entry) core.Requests { return core.Requests{} }
func (priced) PutCost(core.Entry) core.Requests  { return core.Requests{} }
func (priced) DeleteCost(n int64) core.Requests  { return core.Requests{core.ClassDelete: n} }

// TestThePlanOfAPhaseCountsItsActions checks the totals of each phase, and that the
// requests of its deletes are among those that it needs.
func TestThePlanOfAPhaseCountsItsActions(t *testing.T) {
	src, dst := memory.New(), memory.New()
	plant(t, src, state{"a": "1", "b.html": "2", "c": "3"})
	plant(t, dst, state{"a": "0", "gone1": "x", "gone2": "x", "gone3": "x"})
	var _ core.Coster = priced{}
	r, p := prepared(t, src, priced{dst})
	defer p.Close()
	for phase, want := range map[reconcile.Phase]reconcile.Totals{
		reconcile.PhaseFiles:   {Files: 2},
		reconcile.PhaseDeletes: {Deletes: 3, Need: core.Requests{core.ClassDelete: 3}},
	} {
		only, err := r.Only(p, phase)
		if err != nil {
			t.Fatal(err)
		}
		got := only.Totals()
		if got.Files != want.Files || got.Deletes != want.Deletes || got.Need != want.Need {
			t.Errorf("%s: %d files, %d deletes, needs %v; want %+v", phase, got.Files, got.Deletes, got.Need, want)
		}
		if err := only.Close(); err != nil {
			t.Error(err)
		}
	}
}
