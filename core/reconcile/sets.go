package reconcile

import (
	"hash/maphash"
	"slices"
)

// bitset is a set of places in a plan: a bit for each action.
type bitset struct {
	words []uint64
	count int64
}

func (b *bitset) set(place int64) {
	for int64(len(b.words)) <= place/64 {
		b.words = append(b.words, 0)
	}
	b.words[place/64] |= 1 << (place % 64)
	b.count++
}

func (b *bitset) has(place int64) bool {
	return place/64 < int64(len(b.words)) && b.words[place/64]&(1<<(place%64)) != 0
}

// keySet is a set of keys in eight bytes each. It has every key that was added, and
// with a chance of one in 2⁴⁰ even among millions another one: it suits questions
// that may be answered yes too often. All keys are added before the first question.
type keySet struct {
	seed   maphash.Seed
	hashes []uint64
}

func newKeySet() *keySet { return &keySet{seed: maphash.MakeSeed()} }

func (s *keySet) add(key string) { s.hashes = append(s.hashes, maphash.String(s.seed, key)) }

// freeze ends the adding of keys.
func (s *keySet) freeze() { slices.Sort(s.hashes) }

// has reports whether key was added. It is safe for concurrent use.
func (s *keySet) has(key string) bool {
	_, found := slices.BinarySearch(s.hashes, maphash.String(s.seed, key))
	return found
}

func (s *keySet) empty() bool { return s == nil || len(s.hashes) == 0 }
