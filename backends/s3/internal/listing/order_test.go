package listing

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// orders are the orders that stores list in.
var orders = map[string]func(a, b string) int{
	"bytes":  strings.Compare,
	"UTF-16": func(a, b string) int { return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))) },
	"paths":  func(a, b string) int { return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) },
	"case": func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
	},
	"reverse": func(a, b string) int { return strings.Compare(b, a) },
	"hashes":  func(a, b string) int { return cmp.Or(cmp.Compare(hash(a), hash(b)), strings.Compare(a, b)) },
}

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // a hash returns no error
	return h.Sum32()
}

// oddKeys are keys that those orders put on different sides of each other.
func oddKeys(rng *rand.Rand, n int) (keys []string) {
	parts := []string{"a", "A", "b", "B", "a-", "a.", "a0", "é", "\ue000", "\uffee", "\U00010000", "\U0001f600", "z"}
	for len(keys) < n {
		key := parts[rng.IntN(len(parts))]
		for rng.IntN(2) == 0 {
			key += []string{"", "/"}[rng.IntN(2)] + parts[rng.IntN(len(parts))]
		}
		keys = append(keys, fmt.Sprintf("%s%03d", key, rng.IntN(1000)))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// A store may list in any order, and have more or fewer keys than are known: a split
// listing has each object once, and shows the disorder of a store that has one.
func TestSplitListingHidesNothingInAnyOrder(t *testing.T) {
	for name, order := range orders {
		split, shown := 0, 0
		for seed := range uint64(150) {
			rng := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // A test's.
			known := oddKeys(rng, 50+rng.IntN(400))
			var keys []string
			for _, k := range known {
				if rng.IntN(20) > 0 {
					keys = append(keys, k)
				}
			}
			keys = append(keys, oddKeys(rng, rng.IntN(20))...)
			slices.Sort(keys)
			keys = slices.Compact(keys)
			slices.SortFunc(keys, order)
			s := &store{keys: keys, page: 1 + rng.IntN(12), hollow: rng.IntN(6) == 0, less: func(a, b string) bool { return order(a, b) < 0 }}
			got, err := listKeys(t.Context(), s.lister(known))
			if err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
			inOrder := slices.IsSorted(got)
			if inOrder != slices.IsSorted(keys) {
				t.Errorf("%s, seed %d: listed in order: %v", name, seed, inOrder)
			}
			slices.SortFunc(got, order)
			if !slices.Equal(got, keys) {
				t.Errorf("%s, seed %d: listed %d keys, want each of %d once", name, seed, len(got), len(keys))
			}
			if s.starts.Load() > 0 {
				split++
			}
			if !inOrder {
				shown++
			}
		}
		blind := name == "reverse" || name == "case" // no first page of theirs is in order
		if split == 0 && !blind || (shown == 0) != (name == "bytes") {
			t.Errorf("%s: %d listings were split, %d out of order: that shows nothing", name, split, shown)
		}
	}
}

// Each page by itself is in order; the ranges are not.
func TestDisorderBetweenRangesIsSeen(t *testing.T) {
	var known []string
	for _, block := range []string{"a", "\ue000", "\U00010000"} {
		for i := range 300 {
			known = append(known, fmt.Sprintf("%s%03d", block, i))
		}
	}
	order := orders["UTF-16"]
	for _, page := range []int{5, 10, 30, 50} {
		s := &store{keys: slices.Clone(known), page: page, less: func(a, b string) bool { return order(a, b) < 0 }}
		slices.SortFunc(s.keys, order)
		got, err := listKeys(t.Context(), s.lister(known))
		if err != nil || slices.IsSorted(got) {
			t.Errorf("pages of %d: in order: %v, %v; want the store's disorder", page, slices.IsSorted(got), err)
		}
		if slices.Sort(got); !slices.Equal(got, known) {
			t.Errorf("pages of %d: %d keys, want %d", page, len(got), len(known))
		}
	}
}

// Objects come and go while a bucket is listed: a split listing has all that stay.
func TestChangesBetweenRangesHideNothing(t *testing.T) {
	keys, listed := manyKeys(1000), 0
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 8)) //nolint:gosec // A test's.
		s := &store{keys: keys, page: 10}
		fleeting := make(map[string]bool)
		for range 200 {
			fleeting[keys[rng.IntN(len(keys))]] = true
		}
		var mu sync.Mutex // guards rng
		s.change = func(_ Query, p Page) Page {
			mu.Lock()
			defer mu.Unlock()
			p.Objects = slices.DeleteFunc(p.Objects, func(o Object) bool { return fleeting[o.Key] && rng.IntN(2) == 0 })
			return p
		}
		got, err := listKeys(t.Context(), s.lister(keys))
		if err != nil {
			continue // the object at which it was to go on is gone
		}
		listed++
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("seed %d: not in order, or twice", seed)
		}
		for _, k := range keys {
			if _, found := slices.BinarySearch(got, k); !found && !fleeting[k] {
				t.Fatalf("seed %d: %s is missing", seed, k)
			}
		}
	}
	if listed < 40 {
		t.Errorf("%d of 50 listings came to their end", listed)
	}
}
