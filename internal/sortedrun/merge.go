// Package sortedrun sorts more records than fit into memory: it writes sorted runs
// to disk and merges them. Merge alone serves callers whose runs have a format of
// their own.
package sortedrun

import "container/heap"

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
			h.list = append(h.list, head[R]{r, i, s})
		}
	}
	heap.Init(&h)
	for len(h.list) > 0 {
		if !h.first(add) {
			return
		}
	}
}

// head is the current record of a source.
type head[R any] struct {
	record R
	number int // of the source
	source Source[R]
}

// heads is a heap of the sources that have records left. Of equal records, that of
// the last source comes first.
type heads[R any] struct {
	compare func(a, b R) int
	list    []head[R]
}

// first adds the least record and advances all sources that have an equal one. The
// source of the record itself is advanced last, for the record is valid until then.
func (h *heads[R]) first(add func(R) bool) bool {
	top := h.list[0]
	if !add(top.record) {
		return false
	}
	for i := h.equal(top.record); i > 0; i = h.equal(top.record) {
		h.advance(i)
	}
	h.advance(0)
	return true
}

// equal returns the place of a record below the top of the heap that equals r, which
// is the top; 0 if there is none. Such a record is a child of the top.
func (h *heads[R]) equal(r R) int {
	for i := 1; i <= 2 && i < len(h.list); i++ {
		if h.compare(h.list[i].record, r) == 0 {
			return i
		}
	}
	return 0
}

// advance moves the source at place i to its next record, or drops it at its end.
func (h *heads[R]) advance(i int) {
	r, ok := h.list[i].source.Next()
	if !ok {
		heap.Remove(h, i)
		return
	}
	h.list[i].record = r
	heap.Fix(h, i)
}

// Len implements [heap.Interface].
func (h *heads[R]) Len() int { return len(h.list) }

// Less implements [heap.Interface].
func (h *heads[R]) Less(i, j int) bool {
	a, b := &h.list[i], &h.list[j]
	c := h.compare(a.record, b.record)
	return c < 0 || c == 0 && a.number > b.number
}

// Swap implements [heap.Interface].
func (h *heads[R]) Swap(i, j int) { h.list[i], h.list[j] = h.list[j], h.list[i] }

// Push implements [heap.Interface]; the heap only ever shrinks.
func (h *heads[R]) Push(any) {}

// Pop implements [heap.Interface].
func (h *heads[R]) Pop() any {
	last := len(h.list) - 1
	h.list = h.list[:last]
	return nil
}
