package localfs

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// A temporary name is tempPrefix, 32 hexadecimal digits, and tempSuffix; the
// probe for folding puts a letter before the suffix.
const (
	tempPrefix = ".s3fc-"
	tempSuffix = ".tmp"
	tempDigits = 32
)

// tempName returns a new temporary name with tail before its suffix.
func tempName(tail string) string {
	var b [tempDigits / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	return tempPrefix + hex.EncodeToString(b[:]) + tail + tempSuffix
}

// isTemp reports whether name could have come from tempName.
func isTemp(name string) bool {
	rest, ok := strings.CutPrefix(name, tempPrefix)
	if !ok || len(rest) < tempDigits+len(tempSuffix) || !strings.HasSuffix(rest, tempSuffix) {
		return false
	}
	return strings.Trim(rest[:tempDigits], "0123456789abcdef") == ""
}
