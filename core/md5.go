package core

import (
	"crypto/md5" //nolint:gosec // The field's content hash; integrity against accidents, not against an adversary.
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// MD5 is the md5 of a content, or the zero value where it is not known. Values
// compare with ==.
type MD5 struct {
	sum   [md5.Size]byte
	known bool
}

// MD5Of returns sum as a known MD5.
func MD5Of(sum [md5.Size]byte) MD5 { return MD5{sum: sum, known: true} }

// SumMD5 returns the md5 of b.
func SumMD5(b []byte) MD5 { return MD5Of(md5.Sum(b)) } //nolint:gosec // See the import.

// ParseMD5 reads 32 hexadecimal digits, in either case. Anything else is not
// an md5, and ok is false.
func ParseMD5(s string) (m MD5, ok bool) {
	if len(s) != 2*md5.Size {
		return MD5{}, false
	}
	if _, err := hex.Decode(m.sum[:], []byte(s)); err != nil {
		return MD5{}, false
	}
	m.known = true
	return m, true
}

// Known reports whether m holds an md5.
func (m MD5) Known() bool { return m.known }

// IsZero reports whether m is not known, for encoding/json's omitzero.
func (m MD5) IsZero() bool { return !m.known }

// Sum returns the 16 bytes of the md5; all zero if it is not known.
func (m MD5) Sum() [md5.Size]byte { return m.sum }

// String returns 32 lower-case hexadecimal digits, or "" if m is not known.
func (m MD5) String() string {
	if !m.known {
		return ""
	}
	return hex.EncodeToString(m.sum[:])
}

// Base64 returns m as HTTP's Content-MD5 header has it (RFC 1864), or "".
func (m MD5) Base64() string {
	if !m.known {
		return ""
	}
	return base64.StdEncoding.EncodeToString(m.sum[:])
}

// MarshalText implements [encoding.TextMarshaler].
func (m MD5) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]; an empty text is an
// unknown md5.
func (m *MD5) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = MD5{}
		return nil
	}
	v, ok := ParseMD5(string(text))
	if !ok {
		return fmt.Errorf("not an md5: %q", text)
	}
	*m = v
	return nil
}
