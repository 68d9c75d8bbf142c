package filestore

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"
)

// errRecord is a record of the index that cannot be read.
var errRecord = errors.New("the index of the store is damaged: a record cannot be read")

// An encoder writes a record of the index: numbers as varints, strings with
// their length before them. It is far quicker than JSON and holds every byte.
type encoder struct{ b []byte }

func (e *encoder) num(n int64) { e.b = binary.AppendVarint(e.b, n) }

func (e *encoder) str(s string) {
	e.num(int64(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) time(t time.Time) { e.num(t.UnixNano()) }

func (e *encoder) headers(m map[string]string) {
	e.num(int64(len(m)))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		e.str(name)
		e.str(m[name])
	}
}

// A decoder reads the output of an encoder. After the first mistake everything is
// zero, and err is set.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) num() int64 {
	n, size := binary.Varint(d.b)
	if d.err != nil || size <= 0 {
		d.err = errRecord
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) str() string {
	n := d.num()
	if n < 0 || n > int64(len(d.b)) {
		d.err = errRecord
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) time() time.Time { return time.Unix(0, d.num()) }

// count reads the length of a list, each of whose items takes a byte at least.
func (d *decoder) count() int {
	n := d.num()
	if n < 0 || n > int64(len(d.b)) {
		d.err = errRecord
		return 0
	}
	return int(n)
}

func (d *decoder) headers() map[string]string {
	n := d.count()
	m := make(map[string]string, n)
	for range n {
		name := d.str()
		m[name] = d.str()
	}
	return m
}
