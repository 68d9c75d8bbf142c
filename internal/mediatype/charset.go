package mediatype

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// declareLimit is how far into a content its own declaration of a charset is
// looked for, in bytes: as far as browsers look.
const declareLimit = 1024

// notText are types that look textual by their name and are not.
var notText = map[string]bool{"text/vnd.dvb.subtitle": true}

// textTypes are the textual types that do not look it by their name.
var textTypes = map[string]bool{
	"application/json": true, "application/x-ndjson": true, "application/json5": true,
	"application/javascript": true, "application/ecmascript": true,
	"application/xml": true, "application/xml-dtd": true, "application/xml-external-parsed-entity": true,
	"application/toml": true, "application/yaml": true, "application/sql": true, "application/graphql": true,
	"application/x-sh": true, "application/x-perl": true, "application/x-tcl": true, "application/x-subrip": true,
	"application/vnd.apple.mpegurl": true, "application/pgp-keys": true, "application/node": true,
}

// textual reports whether a content of type t is text, in some charset.
func textual(t string) bool {
	if strings.HasPrefix(t, "text/") {
		return !notText[t]
	}
	return textTypes[t] || strings.HasSuffix(t, "+json") || strings.HasSuffix(t, "+xml")
}

// charset returns "; charset=utf-8" for a content of type t, or "" where head
// is not UTF-8 or says that the content is something else: the header overrules
// the document, and a wrong one garbles it.
func charset(t string, head []byte) string {
	if !validUTF8Prefix(head) || declaresOther(t, head) {
		return ""
	}
	return "; charset=utf-8"
}

// isPlainText reports whether head can be the beginning of a text.
func isPlainText(head []byte) bool {
	return len(head) > 0 && validUTF8Prefix(head) && bytes.IndexFunc(head, isBinaryControl) < 0
}

func isBinaryControl(r rune) bool {
	return r < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", r)
}

// validUTF8Prefix reports whether b is the beginning of valid UTF-8; its last
// character may be cut. A NUL is not text.
func validUTF8Prefix(b []byte) bool {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if last := b[len(b)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				b = b[:len(b)-i]
			}
			break
		}
	}
	return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0
}

// declaresOther reports whether head, of type t, declares a charset that is
// not UTF-8. ASCII counts as UTF-8.
func declaresOther(t string, head []byte) bool {
	word := declarationOf(t)
	if word == "" {
		return false
	}
	rest := strings.ToLower(string(head[:min(len(head), declareLimit)]))
	for found := true; found; {
		_, rest, found = strings.Cut(rest, word)
		switch declaredName(rest) {
		case "", "utf-8", "utf8", "us-ascii", "ascii":
		default:
			return true
		}
	}
	return false
}

// declarationOf returns the text before a charset's name in a content of type
// t: <meta charset=x>, <?xml encoding="x"?>, @charset "x". Others have none.
func declarationOf(t string) string {
	switch {
	case t == "text/html":
		return "charset="
	case t == "text/css":
		return "@charset "
	case strings.HasSuffix(t, "xml"):
		return "encoding="
	}
	return ""
}

// declaredName returns the charset's name at the start of s, perhaps quoted, or
// "" if there is none.
func declaredName(s string) string {
	s = strings.TrimLeft(s, "\"'")
	end := strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_:.", r)
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end]
}
