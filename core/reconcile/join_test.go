package reconcile

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// listOf is a Lister of files with these keys, in this order.
func listOf(keys ...string) Lister {
	return func(_ context.Context, after string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			for _, k := range keys {
				if k > after && !yield(core.Entry{Key: k, Kind: core.File}, nil) {
					return
				}
			}
		}
	}
}

func joined(t *testing.T, src, dst Lister) (pairs []string, err error) {
	t.Helper()
	for p, e := range Join(t.Context(), src, dst) {
		if e != nil {
			return pairs, e
		}
		s := p.Key + ":"
		if p.Src != nil {
			s += "s"
		}
		if p.Dst != nil {
			s += "d"
		}
		if p.Err != nil {
			s += "!"
		}
		pairs = append(pairs, s)
	}
	return pairs, nil
}

func TestJoinPairsByKeyInByteOrder(t *testing.T) {
	got, err := joined(t, listOf("a-b", "a.txt", "a/1", "a0"), listOf("a", "a.txt", "a/2", "a0", "z"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a:d", "a-b:s", "a.txt:sd", "a/1:s", "a/2:d", "a0:sd", "z:d"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestJoinRefusesDisorderBeforeAnyPairThatRestsOnIt(t *testing.T) {
	for name, c := range map[string]struct {
		src, dst Lister
		side     Side
	}{
		"source out of order":      {listOf("a/1", "a-b"), listOf(), SideSource},
		"destination out of order": {listOf("x"), listOf("b", "a"), SideDestination},
		"a key twice":              {listOf("a", "a"), listOf(), SideSource},
	} {
		got, err := joined(t, c.src, c.dst)
		var order *OrderError
		if !errors.As(err, &order) || order.Side != c.side || !errors.Is(err, core.ErrUnordered) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
		if len(got) > 1 {
			t.Errorf("%s: pairs after the disorder: %v", name, got)
		}
	}
}

func TestJoinGoesOnAfterAnErrorOfOneKeyAndEndsAtAnyOther(t *testing.T) {
	keyed := func(_ context.Context, _ string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			_ = yield(core.Entry{Key: "a", Kind: core.File}, nil) &&
				yield(core.Entry{}, &core.Error{Op: "list", Key: "b", Err: errors.New("unreadable")}) &&
				yield(core.Entry{Key: "c", Kind: core.File}, nil)
		}
	}
	got, err := joined(t, keyed, listOf("a", "c"))
	if want := []string{"a:sd", "b:!", "c:sd"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	boom := errors.New("boom")
	cut := func(_ context.Context, _ string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			_ = yield(core.Entry{Key: "a", Kind: core.File}, nil) && yield(core.Entry{}, boom)
		}
	}
	if _, err := joined(t, listOf("a", "b", "c"), cut); !errors.Is(err, boom) {
		t.Errorf("a listing that failed looks complete: %v", err)
	}
}

func TestJoinOfACancelledListingNeverLooksComplete(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	endless := func(ctx context.Context, _ string) iter.Seq2[core.Entry, error] {
		return func(yield func(core.Entry, error) bool) {
			key := "a"
			for ctx.Err() == nil {
				if !yield(core.Entry{Key: key, Kind: core.File}, nil) {
					return
				}
				key = nextKey(key)
			}
		}
	}
	n := 0
	for _, err := range Join(ctx, endless, listOf()) {
		if n++; n == 3 {
			cancel()
		}
		if err != nil {
			return
		}
	}
	t.Error("the sequence ended without an error")
}

func nextKey(k string) string {
	if k[len(k)-1] == 'z' {
		return k + "a"
	}
	return k[:len(k)-1] + string(k[len(k)-1]+1)
}

func FuzzJoin(f *testing.F) {
	f.Add("a\nb\na/1", "a\na-b")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, a, b string) {
		sets := [2]map[string]bool{{}, {}}
		for i, s := range []string{a, b} {
			for k := range strings.SplitSeq(s, "\n") {
				if k != "" {
					sets[i][k] = true
				}
			}
		}
		src, dst := slices.Sorted(maps.Keys(sets[0])), slices.Sorted(maps.Keys(sets[1]))
		last := ""
		n := 0
		for p, err := range Join(t.Context(), listOf(src...), listOf(dst...)) {
			if err != nil {
				t.Fatal(err)
			}
			if p.Key <= last {
				t.Fatalf("%q after %q", p.Key, last)
			}
			if (p.Src != nil) != sets[0][p.Key] || (p.Dst != nil) != sets[1][p.Key] {
				t.Fatalf("wrong sides at %q", p.Key)
			}
			last = p.Key
			n++
		}
		maps.Copy(sets[0], sets[1])
		if n != len(sets[0]) {
			t.Fatalf("%d pairs of %d keys", n, len(sets[0]))
		}
	})
}
