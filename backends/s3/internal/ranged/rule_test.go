package ranged

import "testing"

func TestParseContentRange(t *testing.T) {
	for _, c := range []struct {
		s        string
		n, total int64
		ok       bool
	}{
		{"bytes 10-19/100", 10, 100, true}, {"bytes 10-14/15", 5, 15, true}, {"bytes 10-10/11", 1, 11, true},
		{"bytes 10-20/100", 11, 100, false}, {"bytes 9-19/100", 11, 100, false}, {"bytes 11-19/100", 9, 100, false},
		{"bytes 10-9/100", 0, 100, false}, {"bytes 10-19/19", 10, 19, false}, {"bytes 10-19/*", 0, 0, false},
		{"bytes */100", 0, 0, false}, {"bytes 10-19", 0, 0, false}, {"", 0, 0, false}, {"items 10-19/100", 0, 0, false},
		{"bytes 10-19/100 and more", 0, 0, false}, {"bytes 10-99999999999999999999/100", 0, 0, false},
	} {
		n, total, ok := ParseContentRange(c.s, 10, 20)
		if ok != c.ok || ok && (n != c.n || total != c.total) {
			t.Errorf("%q: %d of %d, %v; want %d of %d, %v", c.s, n, total, ok, c.n, c.total, c.ok)
		}
	}
}

func TestCount(t *testing.T) {
	r := Rule{Above: 10, Size: 4}
	for size, want := range map[int64]int64{0: 1, 10: 1, 11: 3, 12: 3, 13: 4} {
		if got := r.Count(size); got != want {
			t.Errorf("%d bytes are read in %d ranges; want %d", size, got, want)
		}
	}
}
