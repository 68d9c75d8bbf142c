package cache

import "math/bits"

// bitset is a set of the numbers below a bound; others are never in it.
type bitset struct {
	words []uint64
	count int64
}

func newBitset(n int64) bitset { return bitset{words: make([]uint64, (n+63)/64)} }

func (b *bitset) set(i int64) {
	if !b.has(i) && i>>6 < int64(len(b.words)) {
		b.words[i>>6] |= 1 << (i & 63)
		b.count++
	}
}

func (b *bitset) has(i int64) bool {
	return i>>6 < int64(len(b.words)) && b.words[i>>6]&(1<<(i&63)) != 0
}

// add adds the bits of o, which has the same bound.
func (b *bitset) add(o bitset) {
	b.count = 0
	for i := range min(len(b.words), len(o.words)) {
		b.words[i] |= o.words[i]
		b.count += int64(bits.OnesCount64(b.words[i]))
	}
}
