// Package sortedrun sorts more records than fit into memory: it writes sorted runs
// to disk and merges them. Merge alone serves callers whose runs have a format of
// their own.
package sortedrun

// A Source yields records in the order of the comparison that they are merged by.
type Source[R any] interface {
	// Next returns the next record, which stays valid until Next is called again;
	// ok is false at the end, and where the source failed.
	Next() (r R, ok bool)
}

// Merge calls add with the records of all sources in order. Of equal records, which
// a source has one of at most, only that of the last source is added. It stops
// where add returns false.
func Merge[R any](compare func(a, b R) int, sources []Source[R], add func(R) bool) {
	h := heads[R]{compare: compare}
	for i, s := range sources {
		if r, ok := s.Next(); ok {
			h.list = append(h.list, &head[R]{r, i, s})
		}
	}
	for i := len(h.list)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
	for len(h.list) > 0 && add(h.list[0].record) {
		for i := h.equal(); i > 0; i = h.equal() {
			h.advance(i)
		}
		h.advance(0) // last, for its record is valid until now
	}
}

// head is the current record of a source.
type head[R any] struct {
	record R
	number int // of the source
	source Source[R]
}

// heads is a heap of the sources that have records left. Of equal records, that of
// the last source comes first. It is container/heap without calls through an
// interface, which would cost more than the comparisons.
type heads[R any] struct {
	compare func(a, b R) int
	list    []*head[R]
}

// equal returns the place of a record that equals the one at the top, 0 if there is
// none. All records between the two in the heap are equal to both, so a child of the
// top is one of them.
func (h *heads[R]) equal() int {
	for i := 1; i <= 2 && i < len(h.list); i++ {
		if h.compare(h.list[i].record, h.list[0].record) == 0 {
			return i
		}
	}
	return 0
}

// advance moves the source at place i to its next record, or drops it at its end.
func (h *heads[R]) advance(i int) {
	r, ok := h.list[i].source.Next()
	if ok {
		h.list[i].record = r
	} else {
		last := len(h.list) - 1
		h.list[i], h.list = h.list[last], h.list[:last]
	}
	h.down(i)
}

// down restores the order of the heap where the record at place i is too far up. A
// record that took the place of another never is too far down: i is 0 or 1 or 2, and
// the top is the least of all.
func (h *heads[R]) down(i int) {
	for {
		least := 2*i + 1
		if least >= len(h.list) {
			return
		}
		if other := least + 1; other < len(h.list) && h.less(other, least) {
			least = other
		}
		if !h.less(least, i) {
			return
		}
		h.list[i], h.list[least] = h.list[least], h.list[i]
		i = least
	}
}

func (h *heads[R]) less(i, j int) bool {
	a, b := h.list[i], h.list[j]
	c := h.compare(a.record, b.record)
	return c < 0 || c == 0 && a.number > b.number
}
