package cache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fileOf is a file of these records, whose values are arbitrary.
func fileOf(t testing.TB, records map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := newWriter(&b, "a tree")
	values := make(map[string][]byte)
	for k, v := range records {
		values[k] = []byte(v)
	}
	merge([]source{newInMemory(values)}, w.add)
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openBytes(b []byte) (*reader, error) { return newReader(bytes.NewReader(b), int64(len(b))) }

// numbered is n records whose keys and values tell which they are.
func numbered(n int) map[string]string {
	m := make(map[string]string, n)
	for i := range n {
		key := fmt.Sprintf("dir%02d/name-%06d", i%40, i)
		m[key] = "value of " + key
	}
	return m
}

func readAll(r *reader) (map[string]string, error) {
	m := make(map[string]string)
	c := r.cursor()
	for r, ok := c.Next(); ok; r, ok = c.Next() {
		k, v := r.key, r.value
		m[string(k)] = string(v)
	}
	return m, c.err
}

// TestFileRoundTrip checks that a file of many blocks is read as it was written,
// with the number of each record, and that its index alone is in memory.
func TestFileRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10_000} {
		want := numbered(n)
		r, err := openBytes(fileOf(t, want))
		if err != nil {
			t.Fatal(err)
		}
		if r.name != "a tree" || r.count != int64(n) || n > 5000 && len(r.index) < 5 {
			t.Errorf("%d records: name %q, %d records, %d blocks", n, r.name, r.count, len(r.index))
		}
		c := r.cursor()
		var keys []string
		for r, ok := c.Next(); ok; r, ok = c.Next() {
			k, v := r.key, r.value
			if c.at != int64(len(keys)) || string(v) != want[string(k)] {
				t.Fatalf("record %d: number %d, %q has %q", len(keys), c.at, k, v)
			}
			keys = append(keys, string(k))
		}
		if c.err != nil || len(keys) != n || !slices.IsSorted(keys) {
			t.Errorf("%d records, sorted %v, error %v; want %d", len(keys), slices.IsSorted(keys), c.err, n)
		}
		if c.next() {
			t.Error("a record behind the end")
		}
	}
}

// TestSeek checks that a cursor finds exactly the existing keys, in any order of
// questions.
func TestSeek(t *testing.T) {
	records := numbered(5000)
	r, err := openBytes(fileOf(t, records))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k := range records {
		keys = append(keys, k, k+"x", k[:len(k)-1])
	}
	check := func(t *rapid.T, c *cursor, key string) {
		want, there := records[key]
		got := c.seek(key)
		if got != there || got && string(c.r.value) != want {
			t.Fatalf("seek(%q) = %v with %q; want %v, %q", key, got, c.r.value, there, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.SampledFrom(keys), 1, 50).Draw(t, "keys")
		forward, any := r.cursor(), r.cursor()
		for _, k := range some {
			check(t, any, k)
		}
		slices.Sort(some)
		for _, k := range some {
			check(t, forward, k)
		}
		check(t, forward, "")
		check(t, forward, "\xff")
	})
}

// TestDamageIsNoticed checks that a file that differs in one byte, or ends too
// early, yields no record that was not written.
func TestDamageIsNoticed(t *testing.T) {
	want := numbered(2000)
	good := fileOf(t, want)
	try := func(what string, b []byte) {
		r, err := openBytes(b)
		if err != nil {
			return
		}
		got, err := readAll(r)
		for k, v := range got {
			if want[k] != v {
				t.Errorf("%s: record %q is %q, want %q", what, k, v, want[k])
			}
		}
		if err == nil && r.name == "a tree" {
			t.Errorf("%s was not noticed", what)
		}
	}
	for at := 0; at < len(good); at += 311 {
		for _, bit := range []byte{1, 0x80} {
			bad := bytes.Clone(good)
			bad[at] ^= bit
			try(fmt.Sprintf("bit %d of byte %d", bit, at), bad)
		}
		try(fmt.Sprintf("a cut at %d", at), good[:at])
		try(fmt.Sprintf("a hole at %d", at), slices.Concat(good[:at], good[at+1:]))
	}
	for at := len(good) - 2*tail; at < len(good); at++ {
		bad := bytes.Clone(good)
		bad[at] ^= 4
		try(fmt.Sprintf("byte %d of the end", at), bad)
	}
}

func TestNewerVersionIsToldFromDamage(t *testing.T) {
	b := fileOf(t, numbered(3))
	newer := bytes.ReplaceAll(b, []byte(magic), []byte(magic[:len(magic)-1]+"2"))
	if _, err := openBytes(newer); !errors.Is(err, errNewer) {
		t.Errorf("a file of version 2: %v, want errNewer", err)
	}
	older := bytes.ReplaceAll(b, []byte(magic), []byte(magic[:len(magic)-1]+"0"))
	if _, err := openBytes(older); !errors.Is(err, errDamaged) {
		t.Errorf("a file of version 0: %v, want errDamaged", err)
	}
}

// FuzzReader checks that no bytes make the reader panic or go on for ever.
func FuzzReader(f *testing.F) {
	f.Add(fileOf(f, numbered(3)), "dir00/name-000000")
	f.Add(fileOf(f, numbered(40)), "dir05/name-000005")
	f.Add([]byte(magic), "")
	f.Fuzz(func(t *testing.T, b []byte, key string) {
		r, err := openBytes(b)
		if err != nil {
			return
		}
		seen := newBitset(r.count)
		c := r.cursor()
		for c.next() {
			seen.set(c.at)
		}
		c = r.cursor()
		if c.seek(key) && string(c.r.key) != key {
			t.Errorf("seek(%q) found %q", key, c.r.key)
		}
	})
}

// FuzzIndex checks the same for an index whose checksum is right.
func FuzzIndex(f *testing.F) {
	good := fileOf(f, numbered(1000))
	at := int(binary.LittleEndian.Uint64(good[len(good)-tail:]))
	f.Add(good[at+frame:len(good)-tail], int64(1000), "dir05/name-000005")
	f.Fuzz(func(t *testing.T, index []byte, count int64, key string) {
		b := framed(bytes.Clone(good[:at]), index)
		for _, n := range []int64{int64(at), int64(len(index) + frame), count} {
			b = binary.LittleEndian.AppendUint64(b, uint64(n))
		}
		r, err := openBytes(append(b, magic...))
		if err != nil {
			return
		}
		c := r.cursor()
		for n := 0; c.next(); n++ {
			if n > 1000*len(r.index) {
				t.Fatal("more records than there are")
			}
		}
		_ = r.cursor().seek(key)
	})
}

// FuzzBlock checks the same for a block whose checksum is right.
func FuzzBlock(f *testing.F) {
	var w blockWriter
	for i := range 5 {
		w.add(fmt.Appendf(nil, "key%d", i), []byte(strings.Repeat("v", i)))
	}
	f.Add(w.buf)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newBlockReader(b, nil)
		for n := 0; r.next(); n++ {
			if n > len(b) {
				t.Fatal("more records than bytes")
			}
			_, _ = decode(r.value)
		}
	})
}

// TestMerge checks that of several sources the last counts.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maps := rapid.SliceOfN(rapid.MapOf(rapid.StringMatching(`[a-d]{1,2}`), rapid.SliceOfN(rapid.Byte(), 0, 2)), 0, 5).Draw(t, "sources")
		want := make(map[string]string)
		var sources []source
		for _, m := range maps {
			for k, v := range m {
				want[k] = string(v)
			}
			sources = append(sources, newInMemory(m))
		}
		last := ""
		merge(sources, func(k, value []byte) {
			key := string(k)
			if key <= last {
				t.Fatalf("%q comes after %q", key, last)
			}
			if v, ok := want[key]; !ok || v != string(value) {
				t.Fatalf("%q is %q, want %q", key, value, v)
			}
			last = key
			delete(want, key)
		})
		if len(want) > 0 {
			t.Fatalf("missing: %q", want)
		}
	})
}
