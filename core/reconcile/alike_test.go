package reconcile

import "testing"

// TestAlike checks names that file systems take for one, and others.
func TestAlike(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"A/b", "a/B", true},
		{"caf\u00e9", "cafe\u0301", true},
		{"CAF\u00c9s", "cafe\u0301s", true},
		{"e\u0301e\u0301", "\u00e9\u00e9", true},
		{"\u1ec7", "e\u0323\u0302", true},      // two accents
		{"\ud55c", "\u1112\u1161\u11ab", true}, // Hangul
		{"new", "gone", false},
		{"a/b", "a/c", false},
		{"a-", "a0/b", false},
		{"cafe", "caf\u00e9", false},
		{"", "a", false},
	} {
		if got := alike(c.a, c.b); got != c.want || alike(c.b, c.a) != got {
			t.Errorf("%+q and %+q: %t; want %t", c.a, c.b, got, c.want)
		}
	}
}
