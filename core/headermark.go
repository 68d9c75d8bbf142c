package core

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
)

// A HeaderMark stands for the headers that rules give a file: their names and a hash
// of their values. Two marks are equal if, and only if, so are the headers. The empty
// mark stands for headers that are not known.
type HeaderMark string

// markSum is the length of the hash in a mark, in characters.
const markSum = 11

// Mark returns the mark of h; nil gives no headers, which has a mark, too.
func (h *Headers) Mark() HeaderMark {
	names := h.Names()
	var b strings.Builder
	for _, name := range names {
		b.WriteString(strconv.Quote(name) + strconv.Quote(h.Lookup(name)))
	}
	sum := sha256.Sum256([]byte(b.String()))
	return HeaderMark(base64.RawURLEncoding.EncodeToString(sum[:8]) + strings.Join(names, ","))
}

// Names returns the names of the headers that the mark stands for, as
// [Headers.Names] does.
func (m HeaderMark) Names() []string {
	if len(m) <= markSum {
		return nil
	}
	return strings.Split(string(m[markSum:]), ",")
}
