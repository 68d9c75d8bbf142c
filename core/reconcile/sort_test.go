package reconcile

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/s3fc/s3fc/core"
)

func TestSortedOrdersAnyListing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 9, 10, 11, 95} {
		var keys []string
		for i := range n {
			keys = append(keys, strconv.Itoa(i), "d/"+strconv.Itoa(i)) // some come twice below
		}
		want := slices.Sorted(slices.Values(keys))
		shuffled := append(slices.Clone(keys), keys[:n/3]...)
		rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		var got []string
		for e, err := range sorted(listOf(shuffled...), t.TempDir(), 10)(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: got %v, want %v", n, got, want)
		}
	}
}

func TestSortedKeepsEntriesWhole(t *testing.T) {
	want := []core.Entry{
		{Key: "a\xff", Kind: core.Other, Problem: core.ErrExcluded},
		{Key: "b", Kind: core.File, Size: 7, MD5: core.SumMD5([]byte("x")), Token: "t", Partial: true, MaybeLink: true},
		{Key: "c", Kind: core.Link, Target: core.Target{Key: "b", Dir: core.NotDir}},
	}
	list := func(context.Context, string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			for _, e := range slices.Backward(want) {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
	for _, bound := range []int{1, 100} { // on disk, and in memory
		var got []core.Entry
		for e, err := range sorted(list, t.TempDir(), bound)(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if !slices.Equal(got, want) {
			t.Errorf("bound %d: got %+v, want %+v", bound, got, want)
		}
	}
}

func TestSortedPassesErrorsOn(t *testing.T) {
	boom := errors.New("boom")
	list := func(context.Context, string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			_ = yield(core.Entry{Key: "b", Kind: core.File}, nil) &&
				yield(core.Entry{}, &core.Error{Op: "list", Key: "k", Err: boom}) && yield(core.Entry{}, boom)
		}
	}
	var errs []error
	for _, err := range sorted(list, t.TempDir(), 10)(t.Context(), "") {
		if err == nil {
			t.Error("an entry of a listing that failed was yielded")
		}
		errs = append(errs, err)
	}
	if len(errs) != 2 || errs[1] != boom { //nolint:errorlint // The very error is meant.
		t.Errorf("got %v", errs)
	}
}
