package kit

import (
	"strings"

	"github.com/s3fc/s3fc/core"
)

// Location is the redirect to a link's target on a website where the tree's keys
// have this prefix, which is empty or ends with a slash.
func Location(prefix string, t core.Target) string {
	switch {
	case t.URL != "":
		return t.URL
	case t.Key == ".":
		return "/" + EscapePath(prefix)
	case t.Dir == core.IsDir:
		return "/" + EscapePath(prefix+t.Key) + "/"
	}
	return "/" + EscapePath(prefix+t.Key)
}

const upperHex = "0123456789ABCDEF"

// EscapePath encodes each byte outside A-Za-z0-9-._~/ as %XX. A plus sign and
// a space would otherwise mean different things to different servers.
func EscapePath(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	return b.String()
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0
}
