package cache

import (
	"bytes"
	"maps"
	"slices"

	"github.com/s3fc/s3fc/internal/sortedrun"
)

// encoded is a record with its key, as files have them. Its slices are valid until
// its source goes on.
type encoded struct{ key, value []byte }

// source is records in order of key.
type source = sortedrun.Source[*encoded]

// merge calls add with the records of all sources in order of key. Of records of
// one key, that of the last source counts.
func merge(sources []source, add func(key, value []byte)) {
	byKey := func(a, b *encoded) int { return bytes.Compare(a.key, b.key) }
	sortedrun.Merge(byKey, sources, func(r *encoded) bool {
		add(r.key, r.value)
		return true
	})
}

// Next implements [source].
func (c *cursor) Next() (*encoded, bool) { return &c.r.encoded, c.next() }

// filtered is a source without the records that keep is false for.
type filtered struct {
	*cursor
	keep func(at int64) bool
}

// Next implements [source].
func (f filtered) Next() (*encoded, bool) {
	for {
		r, ok := f.cursor.Next()
		if !ok || f.keep(f.at) {
			return r, ok
		}
	}
}

// inMemory is a source of records in memory.
type inMemory struct {
	keys    []string
	values  map[string][]byte
	current encoded
}

func newInMemory(values map[string][]byte) *inMemory {
	return &inMemory{keys: slices.Sorted(maps.Keys(values)), values: values}
}

// Next implements [source].
func (m *inMemory) Next() (*encoded, bool) {
	if len(m.keys) == 0 {
		return nil, false
	}
	key := m.keys[0]
	m.keys = m.keys[1:]
	m.current.key = append(m.current.key[:0], key...)
	m.current.value = m.values[key]
	return &m.current, true
}
