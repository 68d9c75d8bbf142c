package core

import "fmt"

// Guard is how surely a store notices, before it writes, that an entry changed
// since the caller of Put or Delete saw it.
type Guard uint8

const (
	// GuardNone: not at all. The last writer wins, and is not told.
	GuardNone Guard = iota
	// GuardCheck: by a look at the entry just before the write takes effect, after
	// the body was read. A change between the two is overwritten.
	GuardCheck
	// GuardAtomic: in one step with the write. No change is ever overwritten unseen.
	GuardAtomic
)

var guardNames = [...]string{GuardNone: "none", GuardCheck: "check", GuardAtomic: "atomic"}

// String returns "none", "check" or "atomic".
func (g Guard) String() string {
	if int(g) < len(guardNames) {
		return guardNames[g]
	}
	return fmt.Sprintf("guard(%d)", uint8(g))
}

// MarshalText implements [encoding.TextMarshaler].
func (g Guard) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (g *Guard) UnmarshalText(text []byte) error {
	for i, name := range guardNames {
		if name == string(text) {
			*g = Guard(i)
			return nil
		}
	}
	return fmt.Errorf("unknown guard %q", text)
}
