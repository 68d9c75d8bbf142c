package s3

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/backends/memory"
	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// unknown is the hint that nothing is known, and that nothing would be lost.
func unknown(t testing.TB) context.Context {
	return core.WithKeyHint(t.Context(), core.KeyHint{Harmless: func() bool { return true }})
}

// dirs makes keys of so many directories with so many keys each.
func dirs(dir string, n, each int) (keys []string) {
	for i := range n * each {
		keys = append(keys, fmt.Sprintf("%sd%05d/f%06d", dir, i/each, i))
	}
	return keys
}

func flat(dir string, n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("%sf%06d", dir, i))
	}
	return keys
}

// mostRequests is how many requests a listing may take that is split at names:
// what docs/cost.md says.
func (l *lister) mostRequests() int64 {
	floor := l.floor()
	if floor <= splitPages {
		return floor
	}
	return floor + floor/splitPages + spansAhead
}

// TestWhatIsNotKnownIsSplitAtNames holds for keys that lie in many ways that
// what is listed is what there is, what it costs at the most, and where it is
// fetched in pieces.
func TestWhatIsNotKnownIsSplitAtNames(t *testing.T) {
	var odd []string
	for _, dir := range []string{"a!", "a-b", "a.c", "a", "a0", "aé", "a世", "a\U0001f600"} {
		odd = append(odd, dirs(dir+"/", 3, 500)...)
	}
	for name, c := range map[string]struct {
		keys   []string
		pieces bool
	}{
		"a page a directory":          {dirs("", 100, 100), true},
		"many small directories":      {dirs("", 200, 50), true},
		"some large directories":      {dirs("", 7, 2000), true},
		"below one name":              {dirs("a/", 100, 100), true},
		"below a name of a name":      {dirs("a/b/c/", 100, 100), true},
		"most in one directory":       {slices.Concat(dirs("", 10, 100), flat("d00009x/", 9000), dirs("e", 10, 100)), true},
		"most below one directory":    {slices.Concat(dirs("", 10, 100), dirs("d00009x/", 90, 100), dirs("e", 10, 100)), true},
		"first one, then many":        {slices.Concat(flat("a/", 3000), dirs("b", 70, 100)), true},
		"tiny directories":            {dirs("", 10_000, 1), false},
		"dense, then tiny":            {slices.Concat(dirs("a", 20, 100), dirs("b", 8000, 1)), true},
		"tiny, then dense":            {slices.Concat(dirs("a", 2000, 1), dirs("b", 80, 100)), true},
		"no directories":              {flat("", 10_000), false},
		"one directory":               {flat("a/", 10_000), false},
		"ten pages":                   {dirs("", 10, 100), false},
		"less than ten pages":         {dirs("", 9, 100), false},
		"before and behind the slash": {odd, true},
	} {
		slices.Sort(c.keys)
		l := &lister{keys: c.keys, page: 100}
		got, err := listKeys(unknown(t), l.open(t, Options{}), "")
		if err != nil || !slices.Equal(got, c.keys) {
			t.Errorf("%s: got %d keys, want %d; %v", name, len(got), len(c.keys), err)
		}
		sent, pieces := l.sent.Load(), l.starts.Load()
		if sent > l.mostRequests() || (pieces > 0) != c.pieces {
			t.Errorf("%s: %d requests in %d pieces; want %d at the most, in pieces: %v", name, sent, pieces, l.mostRequests(), c.pieces)
		}
		t.Logf("%s: %d requests for %d pages, %d for names, %d pieces", name, sent, l.floor(), l.levels.Load(), pieces)
	}
}

// randomKeys are keys of a random tree, with names that are hard to order.
func randomKeys(rng *rand.Rand) (keys []string) {
	names := []string{"a", "a!", "a-", "a-b", "a.c", "a0", "b", "b-", "é", "世", "\U0001f600", "~", "z"}
	var grow func(dir string, depth int)
	grow = func(dir string, depth int) {
		for range rng.IntN(5) {
			name := dir + names[rng.IntN(len(names))]
			if depth > 0 && rng.IntN(3) > 0 {
				grow(name+"/", depth-1)
				continue
			}
			for i := range rng.IntN(400) {
				keys = append(keys, fmt.Sprintf("%s/%d", name, i))
			}
			if rng.IntN(4) == 0 {
				keys = append(keys, name)
			}
		}
	}
	for len(keys) < 50 {
		grow("", 3)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func TestSplittingAtNamesNeverChangesWhatIsListed(t *testing.T) {
	split := 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // A test's.
		l := &lister{keys: randomKeys(rng), page: 5 + rng.IntN(60)}
		after := ""
		if rng.IntN(3) == 0 {
			after = l.keys[rng.IntN(len(l.keys))]
		}
		want := slices.DeleteFunc(slices.Clone(l.keys), func(k string) bool { return k <= after })
		got, err := listKeys(unknown(t), l.open(t, Options{}), after)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("seed %d: got %d keys, want %d; %v", seed, len(got), len(want), err)
		}
		if sent := l.sent.Load(); sent > l.mostRequests() {
			t.Errorf("seed %d: %d requests for %d pages; want %d at the most", seed, sent, l.floor(), l.mostRequests())
		}
		if l.levels.Load() > 0 {
			split++
		}
	}
	if split < 8 {
		t.Errorf("%d listings of 40 were split: that shows nothing", split)
	}
}

// TestAnOrderOfPathsShowsInPieces holds that a store that lists as a walk through
// directories goes, where d-x comes behind d/y, lists the same in pieces: its
// disorder is not hidden, nor is anything else.
func TestAnOrderOfPathsShowsInPieces(t *testing.T) {
	split := 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // A test's.
		l := &lister{keys: randomKeys(rng), page: 5 + rng.IntN(60)}
		slices.SortFunc(l.keys, func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) })
		whole, err := listKeys(t.Context(), l.open(t, Options{}), "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := listKeys(unknown(t), l.open(t, Options{}), "")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, whole) {
			t.Errorf("seed %d: %d keys in pieces, in order: %v; %d as a whole, in order: %v", seed, len(got), slices.IsSorted(got), len(whole), slices.IsSorted(whole))
		}
		if l.starts.Load() > 0 {
			split++
		}
	}
	if split < 8 {
		t.Errorf("%d listings of 40 were split: that shows nothing", split)
	}
}

// TestASourceIsSplitOnlyWhereNothingCanBeDeleted holds that the listing of a
// source elsewhere than at AWS is read as a whole, unless the destination is
// empty.
func TestASourceIsSplitOnlyWhereNothingCanBeDeleted(t *testing.T) {
	for name, has := range map[string]bool{"an empty destination": false, "a destination with a file": true} {
		l := &lister{keys: dirs("", 100, 100), page: 100}
		dst := memory.New()
		if has {
			if _, err := dst.Put(t.Context(), core.Entry{Key: "zzz", Kind: core.File, Size: 1}, strings.NewReader("z"), nil); err != nil {
				t.Fatal(err)
			}
		}
		r := &reconcile.Reconciler{Src: l.open(t, Options{}), Dst: dst}
		plan, err := r.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := plan.Totals().Files; n != int64(len(l.keys)) {
			t.Errorf("%s: %d files are planned, want %d", name, n, len(l.keys))
		}
		if split := l.starts.Load() > 0; split == has {
			t.Errorf("%s: split is %v", name, split)
		}
		if err := plan.Close(); err != nil {
			t.Error(err)
		}
	}
}
