package reconcile_test

import (
	"fmt"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core/wrap"
)

// TestRecheckListsTheRangeOfItsPlan checks that a plan of one key does not list all of
// the destination.
func TestRecheckListsTheRangeOfItsPlan(t *testing.T) {
	for _, key := range []string{"d/0500", "d/0000", "d/0999", "a", "z", "d/05~", "d/é", "d/0500/x"} {
		all := numbered("d/%04d", 0, 1000)
		src, dst := memory.New(), memory.New()
		plant(t, dst, all)
		after := union(all, state{key: "new"})
		plant(t, src, after)
		r, p := prepared(t, src, dst)
		var counts wrap.Counts
		r.Dst = wrap.Meter(dst, &counts, nil)
		if err := r.Recheck(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if n := counts.Entries.Load(); n > 2 && key != "d/é" {
			t.Errorf("%s: %d entries were listed", key, n)
		}
		sum, err := r.Apply(t.Context(), p, nil)
		if got := look(t, dst); err != nil || sum.Errors > 0 || fmt.Sprint(got) != fmt.Sprint(after) {
			t.Errorf("%s: %+v, %v", key, sum, err)
		}
	}
}

func TestRecheckOfAnEmptyPlanListsNothing(t *testing.T) {
	src, dst := memory.New(), memory.New()
	plant(t, src, state{"a": "1"})
	plant(t, dst, state{"a": "1"})
	r, p := prepared(t, src, dst)
	var counts wrap.Counts
	r.Dst = wrap.Meter(dst, &counts, nil)
	if err := r.Recheck(t.Context(), p); err != nil || counts.Lists.Load() != 0 {
		t.Errorf("%v, %d listings", err, counts.Lists.Load())
	}
}
