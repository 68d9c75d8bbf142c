package cache

import (
	"bytes"
	"maps"
	"slices"
)

// A source is records in order of key.
type source interface {
	next() bool
	current() (key, value []byte) // until the next call of next
}

func (c *cursor) current() (key, value []byte) { return c.r.key, c.r.value }

// kept is a source without the records that keep is false for.
type kept struct {
	*cursor
	keep func(at int64) bool
}

func (k kept) next() bool {
	for k.cursor.next() {
		if k.keep(k.at) {
			return true
		}
	}
	return false
}

// held is a source of records in memory.
type held struct {
	keys   []string
	values map[string][]byte
	at     int
	key    []byte
}

func newHeld(values map[string][]byte) *held {
	return &held{keys: slices.Sorted(maps.Keys(values)), values: values, at: -1}
}

func (h *held) next() bool {
	if h.at++; h.at >= len(h.keys) {
		return false
	}
	h.key = append(h.key[:0], h.keys[h.at]...)
	return true
}

func (h *held) current() (key, value []byte) { return h.key, h.values[h.keys[h.at]] }

// head is a source and its current record.
type head struct {
	source
	key, value []byte
}

// next goes on; false at the end.
func (h *head) next() bool {
	if !h.source.next() {
		return false
	}
	h.key, h.value = h.current()
	return true
}

// merge calls add with the records of all sources in order of key. Of those of
// one key the one of the last source counts. The slices are good until add
// returns.
func merge(sources []source, add func(key, value []byte)) {
	live := make([]*head, 0, len(sources))
	for _, s := range sources {
		if h := (&head{source: s}); h.next() {
			live = append(live, h)
		}
	}
	same := make([]*head, 0, len(live)) // those at the least key
	for len(live) > 0 {
		same = append(same[:0], live[0])
		for _, h := range live[1:] {
			switch c := bytes.Compare(h.key, same[0].key); {
			case c < 0:
				same = append(same[:0], h)
			case c == 0:
				same = append(same, h)
			}
		}
		last := same[len(same)-1]
		add(last.key, last.value)
		for _, h := range same {
			if !h.next() {
				live = slices.DeleteFunc(live, func(l *head) bool { return l == h })
			}
		}
	}
}
