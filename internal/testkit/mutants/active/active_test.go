package active

import (
	"io"
	"testing"
)

// TestEachChange checks each function with its mutant on and off.
func TestEachChange(t *testing.T) {
	defer func() { current = -1 }()
	yes, no := func() bool { return true }, func() bool { return false }
	for id, on := range map[int]bool{7: true, 8: false} {
		current = 7
		for _, c := range []struct {
			name      string
			got       bool
			off, isOn bool
		}{
			{"On", On(id), false, true},
			{"NoError", NoError(id, io.EOF) == nil, false, true}, //nolint:errorlint // It is the same one.
			{"And true false", And(id, true, no), false, true},
			{"And true true", And(id, true, yes), true, true},
			{"Or true false", Or(id, true, no), true, false},
			{"Or false false", Or(id, false, no), false, false},
			{"Less 1 2", Less(id, 1, 2), true, true},
			{"Less 2 2", Less(id, 2, 2), false, true},
			{"Less 3 2", Less(id, 3, 2), false, false},
			{"LessEqual 2 2", LessEqual(id, 2, 2), true, false},
			{"LessEqual 1 2", LessEqual(id, 1, 2), true, true},
			{"LessEqual b a", LessEqual(id, "b", "a"), false, false},
			{"Add", Add(id, 3, 2) == 5, true, false},
			{"Subtract", Subtract(id, 3, 2) == 1, true, false},
			{"Join", Join(id, "a", "b") == "ab", true, false},
			{"Literal", Literal(id, int64(2)) == 2, true, false},
		} {
			if want := c.off; on {
				want = c.isOn
				if c.got != want {
					t.Errorf("%s, switched on: %t", c.name, c.got)
				}
			} else if c.got != want {
				t.Errorf("%s: %t", c.name, c.got)
			}
		}
	}
}
