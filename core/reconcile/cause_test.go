package reconcile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// TestRefusalsOfOneKindHaveOneCause checks that a long list of refusals can be told as
// a few lines, whatever their keys, targets and lengths.
func TestRefusalsOfOneKindHaveOneCause(t *testing.T) {
	src, dst := memory.New(), memory.NewWith(directory)
	for i := range 30 {
		plant(t, src, state{fmt.Sprintf("d%d/%s", i, strings.Repeat("s", 256+i)): "x"})
		src.Plant(core.Entry{Key: fmt.Sprintf("u%d", i), Kind: core.Link, Target: core.Target{URL: fmt.Sprintf("https://example.org/%c/%d", 'a'+i%26, i)}}, nil)
		src.Plant(core.Entry{Key: fmt.Sprintf("t%d", i), Kind: core.Link, Target: core.Target{Key: strings.Repeat("t/", 2001+i) + "t"}}, nil)
		src.Plant(core.Entry{Key: fmt.Sprintf("o%d", i), Kind: core.Other, Problem: errors.New("it is a fifo")}, nil)
	}
	var causes reconcile.Causes
	r := &reconcile.Reconciler{Src: src, Dst: dst, AllowEmptySource: true}
	p, err := r.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	last := map[string]int64{}
	for act, err := range p.All() {
		if err != nil || act.Op != reconcile.OpRefuse {
			t.Fatalf("%+v, %v", act, err)
		}
		group := causes.Add(act)
		if last[group.Cause]++; last[group.Cause] != group.Count {
			t.Errorf("%+v, and it is number %d", group, last[group.Cause])
		}
	}
	for _, group := range causes.All() {
		if group.Count != 30 || group.Key == "" || strings.ContainsAny(group.Cause, "0123456789") {
			t.Errorf("%+v", group)
		}
	}
	if len(causes.All()) != 4 {
		t.Errorf("%d causes: %+v", len(causes.All()), causes.All())
	}
}

func TestPairsAreOneCause(t *testing.T) {
	src, dst := memory.NewWith(directory), memory.New()
	plant(t, src, state{"z": "z"})
	plant(t, dst, state{"a": "1", "a/b": "2", "c": "3", "c/d/e": "4"})
	var causes reconcile.Causes
	for act, err := range (&reconcile.Reconciler{Src: src, Dst: dst}).Plan(t.Context()) {
		if err == nil && act.Op == reconcile.OpRefuse {
			causes.Add(act)
			if !errors.Is(act.Err, core.ErrUnsupportedKey) {
				t.Error(act.Err)
			}
		}
	}
	if got := causes.All(); len(got) != 1 || got[0].Count != 4 || got[0].Reason != reconcile.ReasonUnholdable {
		t.Errorf("%+v", got)
	}
}

func TestErrorsOfOneKindHaveOneCause(t *testing.T) {
	var causes reconcile.Causes
	for i := range 1200 {
		err := &core.Error{Op: "put", Tree: "s3", Key: fmt.Sprintf("k%d", i), Err: fmt.Errorf("AccessDenied: no %w", fs.ErrPermission)}
		causes.Add(reconcile.Action{Op: reconcile.OpFail, Key: err.Key, Reason: reconcile.ReasonWrite, Err: fmt.Errorf("again: %w", err)})
	}
	if got := causes.All(); len(got) != 1 || got[0].Count != 1200 || got[0].Cause != "again: AccessDenied: no permission denied" {
		t.Errorf("%+v", got)
	}
	for i := range 1200 { // each of its own kind
		causes.Add(reconcile.Action{Op: reconcile.OpFail, Key: "k", Reason: reconcile.ReasonRead, Err: errors.New(strings.Repeat("x", i+1))})
	}
	got := causes.All()
	if last := got[len(got)-1]; len(got) != 1001 || last.Cause != "read" || last.Count != 201 {
		t.Errorf("%d causes, the last %+v", len(got), last)
	}
}
