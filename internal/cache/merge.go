package cache

import (
	"maps"
	"slices"
)

// A source is records in order of key.
type source interface {
	next() bool
	current() (key string, value []byte) // until the next call of next
}

func (c *cursor) current() (string, []byte) { return string(c.r.key), c.r.value }

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
}

func newHeld(values map[string][]byte) *held {
	return &held{keys: slices.Sorted(maps.Keys(values)), values: values, at: -1}
}

func (h *held) next() bool {
	h.at++
	return h.at < len(h.keys)
}

func (h *held) current() (string, []byte) { return h.keys[h.at], h.values[h.keys[h.at]] }

// merge calls add with the records of all sources in order of key. Of those of
// one key the one of the last source counts.
func merge(sources []source, add func(key string, value []byte)) {
	live := make([]source, 0, len(sources))
	for _, s := range sources {
		if s.next() {
			live = append(live, s)
		}
	}
	for len(live) > 0 {
		least, value := live[0].current()
		for _, s := range live[1:] {
			if k, v := s.current(); k <= least {
				least, value = k, v
			}
		}
		add(least, value)
		live = slices.DeleteFunc(live, func(s source) bool {
			k, _ := s.current()
			return k == least && !s.next()
		})
	}
}
