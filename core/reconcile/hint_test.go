package reconcile

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// listerOf yields the entries, and then err if there is one.
func listerOf(err error, entries ...core.Entry) Lister {
	return func(context.Context, string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(core.Entry{}, err)
			}
		}
	}
}

// TestOnlyAnEmptyDestinationIsNone holds that a source's listing is told that
// nothing can be deleted only once the destination's has ended, without an entry
// of any kind and without an error.
func TestOnlyAnEmptyDestinationIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		list Lister
		want bool
	}{
		"nothing":           {listerOf(nil), true},
		"a file":            {listerOf(nil, core.Entry{Key: "a", Kind: core.File}), false},
		"an Other":          {listerOf(nil, core.Entry{Key: "a", Kind: core.Other}), false},
		"an error":          {listerOf(errors.New("no")), false},
		"an error of a key": {listerOf(&core.Error{Op: "list", Key: "a", Err: errors.New("no")}), false},
	} {
		var none atomic.Bool
		for _, err := range noteEmpty(c.list, &none)(t.Context(), "") {
			if none.Load() {
				t.Errorf("%s: said to be empty before it ended (%v)", name, err)
			}
		}
		if none.Load() != c.want {
			t.Errorf("%s: empty is %v, want %v", name, none.Load(), c.want)
		}
	}
	var none atomic.Bool
	for _, err := range noteEmpty(listerOf(nil, core.Entry{Key: "a"}), &none)(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if none.Load() {
		t.Error("a listing that nobody read to its end is said to be empty")
	}
}

// hinter notes the hint that its listing is made with.
type hinter struct {
	core.Backend
	features core.Features
	hint     core.KeyHint
	given    bool
}

func (h *hinter) Features() core.Features { return h.features }

func (h *hinter) List(ctx context.Context, _ string) iter.Seq2[core.Entry, error] {
	h.hint, h.given = core.KeyHintOf(ctx)
	return func(func(core.Entry, error) bool) {}
}

func paired(r *Reconciler) (err error) {
	for _, e := range r.join(context.Background()) {
		err = errors.Join(err, e)
	}
	return err
}

// TestAListingIsToldWhatItMayMiss holds that a source must not miss anything
// before the destination is known to be empty, and that a listing which is to be
// sorted is not asked for in pieces.
func TestAListingIsToldWhatItMayMiss(t *testing.T) {
	src, dst := &hinter{}, &hinter{}
	r := &Reconciler{Src: src, Dst: dst}
	if err := paired(r); err != nil {
		t.Fatal(err)
	}
	if !src.given || !dst.given || !dst.hint.Harmless() || !src.hint.Harmless() {
		t.Errorf("hints: source %v, destination %v; want both, and both harmless at the end", src.given, dst.given)
	}
	src, dst = &hinter{features: core.Features{Unordered: true}}, &hinter{features: core.Features{Unordered: true}}
	if err := paired(&Reconciler{Src: src, Dst: dst}); err != nil {
		t.Fatal(err)
	}
	if src.given || dst.given {
		t.Error("a listing that has no order got a hint")
	}
}
