package reconcile

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// hinter notes the hint that its listing is made with.
type hinter struct {
	core.Backend
	name     string
	features core.Features
	hint     core.KeyHint
	given    bool
}

func (h *hinter) Features() core.Features { return h.features }

func (h *hinter) List(ctx context.Context, _ string) iter.Seq2[core.Entry, error] {
	h.hint, h.given = core.KeyHintOf(ctx)
	return func(func(core.Entry, error) bool) {}
}

func (h *hinter) Keys(context.Context) iter.Seq[string] { return slices.Values([]string{h.name}) }

func paired(r *Reconciler) (err error) {
	for _, e := range r.join(context.Background(), false) {
		err = errors.Join(err, e)
	}
	return err
}

// A destination may miss an entry, a source may not, and a listing that is to be
// sorted gets no hint.
func TestEachSideGetsTheKeysOfTheOther(t *testing.T) {
	src, dst := &hinter{name: "source"}, &hinter{name: "destination"}
	if err := paired(&Reconciler{Src: src, Dst: dst}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		side     *hinter
		key      string
		harmless bool
	}{{src, "destination", false}, {dst, "source", true}} {
		if !c.side.given || c.side.hint.Harmless != c.harmless {
			t.Fatalf("%s: hint %+v, given: %v", c.side.name, c.side.hint, c.side.given)
		}
		if got := slices.Collect(c.side.hint.Keys); !slices.Equal(got, []string{c.key}) {
			t.Errorf("%s: the hint has the keys %q; want those of the other side", c.side.name, got)
		}
	}
	src, dst = &hinter{features: core.Features{Unordered: true}}, &hinter{features: core.Features{Unordered: true}}
	if err := paired(&Reconciler{Src: src, Dst: dst}); err != nil {
		t.Fatal(err)
	}
	if src.given || dst.given {
		t.Error("a listing that has no order got a hint")
	}
}

func TestNoHintFromATreeThatCannotNameItsKeys(t *testing.T) {
	dst := &hinter{}
	if err := paired(&Reconciler{Src: struct{ core.Tree }{&hinter{}}, Dst: dst}); err != nil {
		t.Fatal(err)
	}
	if dst.given {
		t.Errorf("hint %+v", dst.hint)
	}
}
