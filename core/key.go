package core

import (
	"errors"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValidKey reports whether key can name an entry: slash-separated and
// relative with no empty, "." or ".." segment ([fs.ValidPath]), not the root,
// valid UTF-8, and without control characters. It says nothing of lengths,
// which are each store's own ([Features]).
func ValidKey(key string) bool { return CheckKey(key) == nil }

// CheckKey is ValidKey with the reason, in words for a person.
func CheckKey(key string) error {
	switch {
	case key == "":
		return errors.New("the key is empty")
	case !utf8.ValidString(key):
		return errors.New("the key is not valid UTF-8")
	case strings.IndexFunc(key, unicode.IsControl) >= 0:
		return errors.New("the key has a control character")
	case key == "." || !fs.ValidPath(key):
		return keyPathError(key)
	}
	return nil
}

func keyPathError(key string) error {
	switch {
	case key[0] == '/':
		return errors.New("the key begins with a slash")
	case key[len(key)-1] == '/':
		return errors.New("the key ends with a slash")
	case strings.Contains(key, "//"):
		return errors.New("the key has an empty segment (//)")
	}
	return errors.New(`the key has a segment "." or ".."`)
}

// Below reports whether key lies below dir, which is a key or "." for the
// root: every valid key lies below the root, and none below itself.
func Below(key, dir string) bool {
	if dir == "." {
		return true
	}
	return len(key) > len(dir) && key[len(dir)] == '/' && key[:len(dir)] == dir
}

// MoreBelow reports whether keys below key may still come in an ordered listing
// that has come to next, which is key or follows it.
func MoreBelow(key, next string) bool {
	return strings.HasPrefix(next, key) && (len(next) == len(key) || next[len(key)] <= '/')
}
