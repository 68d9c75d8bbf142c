package reconcile_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"

	"github.com/s3fc/s3fc/core/reconcile"
)

// failing is a tree that refuses to put one key.
func failing(tree core.Backend, key string) core.Backend {
	return wrap.Fault(tree, wrap.OnKind(wrap.StepPut, wrap.OnKey(key, wrap.Always(errors.New("refused")))))
}

func TestNoLinkIsMadeToAFailedPut(t *testing.T) {
	src, dst := memory.New(), newTree(true, false)
	after := state{
		"v1/a": "a", "v2/a": "a2", "v2/sub/b": "b", "v1/old": "new content", "latest": "-> v2", "file": "-> v2/sub/b", "chain": "-> file",
		"fine": "-> v1", "half": "-> v2/a", "over": "-> v1/old", "nowhere": "-> no/such", "root": "-> .",
	}
	plant(t, src, after)
	plant(t, dst, state{"v1/a": "a", "v1/old": "old", "latest": "-> v1", "extra": "x"})
	var failed []reconcile.Action
	r := &reconcile.Reconciler{Src: src, Dst: failing(failing(dst, "v2/sub/b"), "v1/old"), Jobs: 1}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sum, err := r.Apply(t.Context(), p, func(a reconcile.Action) {
		if a.Op == reconcile.OpFail && a.Reason == reconcile.ReasonNoTarget {
			failed = append(failed, a)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := maps.Clone(after)
	for key, v := range map[string]string{"v2/sub/b": "", "v1/old": "old", "latest": "-> v1", "file": "", "extra": "x"} {
		if want[key] = v; v == "" {
			delete(want, key)
		}
	}
	got := look(t, dst)
	delete(want, "chain") // links are made in parallel: it may come before the one that it leads to
	delete(got, "chain")
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v: links to what is not there, or not all of it, stay as they were", got, want)
	}
	if len(failed) < 2 || sum.Errors < 4 || sum.Undeleted != 1 {
		t.Errorf("told %d links, %+v; want both that were held back, and no delete", len(failed), sum)
	}
	r.Dst = dst
	if run(t, r); !maps.Equal(look(t, dst), after) {
		t.Errorf("a second run made %v", look(t, dst))
	}
}
