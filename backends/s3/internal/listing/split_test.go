package listing

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

// Ranges are pages where the bucket has the known keys.
func TestSplitListingOfKnownKeysCostsNothingMore(t *testing.T) {
	for _, n := range []int{0, 1, 10, 11, 99, 100, 101, 1000, 1234} {
		s := &store{keys: manyKeys(n), page: 10}
		got, err := listKeys(t.Context(), s.lister(s.keys))
		if err != nil || !slices.Equal(got, s.keys) {
			t.Fatalf("%d keys: got %d, %v", n, len(got), err)
		}
		if sent := s.sent.Load(); sent != s.fewest() {
			t.Errorf("%d keys: %d requests, want %d", n, sent, s.fewest())
		}
		if split := s.starts.Load() > 0; split != (n > 100) {
			t.Errorf("%d keys: split: %v", n, split)
		}
	}
}

// S3 gives fewer keys than it could behind many deleted ones.
func TestShortFirstPageDoesNotMakeShortRanges(t *testing.T) {
	s := &store{keys: manyKeys(10_000), page: 100, first: 2}
	checkKeys(t, "short first page", s.lister(s.keys), s.keys)
	if sent := s.sent.Load(); sent > 2*s.fewest() {
		t.Errorf("%d requests; want about %d", sent, s.fewest())
	}
}

func TestStoreThatIgnoresStartAfterIsListedOnce(t *testing.T) {
	for name, hollow := range map[string]bool{"full pages": false, "empty pages too": true} {
		s := &store{keys: manyKeys(10_000), page: 100, deaf: true, hollow: hollow}
		checkKeys(t, name, s.lister(s.keys), s.keys)
		if s.starts.Load() == 0 {
			t.Errorf("%s: it was not split: that shows nothing", name)
		}
	}
}

func TestRangesAreFetchedAtOnce(t *testing.T) {
	s := &store{keys: manyKeys(300), page: 10}
	all := make(chan struct{})
	var under atomic.Int64
	s.fail = func(after string) error {
		if after != "" && under.Add(1) == rangesAtOnce {
			close(all)
		}
		if after != "" {
			<-all // deadlock, if fewer were ever asked for at once
		}
		return nil
	}
	checkKeys(t, "at once", s.lister(s.keys), s.keys)
}

// Keys and hints have more or less in common; the cost is bounded.
func TestKnownKeysNeverChangeTheListing(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // A test's.
		some := func(keys []string, percent int) (out []string) {
			for _, k := range keys {
				if rng.IntN(100) < percent {
					out = append(out, k)
				}
			}
			return out
		}
		universe := manyKeys(rng.IntN(1000))
		s := &store{keys: some(universe, rng.IntN(101)), page: 10, hollow: rng.IntN(4) == 0}
		l := s.lister(some(universe, rng.IntN(101)))
		if rng.IntN(3) == 0 && len(universe) > 0 {
			l.After = universe[rng.IntN(len(universe))]
		}
		want := slices.DeleteFunc(slices.Clone(s.keys), func(k string) bool { return k <= l.After })
		got, err := listKeys(t.Context(), l)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("seed %d: got %d keys, want %d; %v", seed, len(got), len(want), err)
		}
		most := s.fewest() + s.starts.Load() // one more for each range
		if s.hollow {
			most *= 2
		}
		if sent := s.sent.Load(); sent > most {
			t.Errorf("seed %d: %d requests for %d keys; want %d at most", seed, sent, len(s.keys), most)
		}
	}
}

func TestListingIsReadInOrderIfLittleIsKnown(t *testing.T) {
	keys := manyKeys(1000)
	for name, c := range map[string]struct {
		known []string
		n     int
	}{
		"nothing is known":                  {nil, 1000},
		"few keys":                          {keys[:95], 95},
		"no known key is in the first page": {keys[500:], 1000},
	} {
		s := &store{keys: keys[:c.n], page: 10}
		checkKeys(t, name, s.lister(c.known), s.keys)
		if s.starts.Load() > 0 || s.sent.Load() != s.fewest() {
			t.Errorf("%s: %d requests, %d of them behind a key; want %d, none", name, s.sent.Load(), s.starts.Load(), s.fewest())
		}
	}
}

func TestSplitListingEndsWithAnError(t *testing.T) {
	s := &store{keys: manyKeys(1000), page: 10, fail: func(after string) error {
		if strings.HasPrefix(after, "d005") {
			return errRefused
		}
		return nil
	}}
	got, err := listKeys(t.Context(), s.lister(s.keys))
	if !errors.Is(err, errRefused) {
		t.Fatalf("%v, and a page was refused", err)
	}
	if !slices.Equal(got, s.keys[:len(got)]) || len(got) < 100 {
		t.Errorf("%d keys came before the error, want all that precede it", len(got))
	}
}

func TestListingLeavesNoGoroutine(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	s := &store{keys: manyKeys(1000), page: 10}
	for n := range 10 {
		var known []string
		if n%2 == 0 {
			known = s.keys
		}
		seen := 0
		for objects, err := range s.lister(known).Pages(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if seen += len(objects); seen > n*30 {
				break
			}
		}
		goleak.VerifyNone(t, ignore)
	}
}

// Stores refuse to begin behind a key that no object can have.
func TestOnlyUsableKeysAreAskedFor(t *testing.T) {
	s := &store{keys: manyKeys(1000), page: 10, fail: func(after string) error {
		if strings.HasSuffix(after, "\xff") {
			return errRefused
		}
		return nil
	}}
	var known []string
	for _, k := range s.keys {
		known = append(known, k, k+"\xff")
	}
	l := s.lister(known)
	l.Usable = func(key string) bool { return !strings.HasSuffix(key, "\xff") }
	checkKeys(t, "unusable keys", l, s.keys)
	if s.starts.Load() == 0 {
		t.Error("it was not split: that shows nothing")
	}
}

func TestEmptyPagesEndNoRange(t *testing.T) {
	for name, split := range map[string]bool{"as a whole": false, "split": true} {
		s := &store{keys: manyKeys(10_000), page: 100, hollow: true}
		var known []string
		if split {
			known = s.keys
		}
		checkKeys(t, name, s.lister(known), s.keys)
		if split != (s.starts.Load() > 0) {
			t.Errorf("%s: %d requests behind a key", name, s.starts.Load())
		}
	}
}
