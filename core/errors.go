package core

import (
	"context"
	"errors"
	"strconv"
	"unicode/utf8"
)

// Sentinels. Backends wrap them, or [fs.ErrNotExist] and [fs.ErrPermission],
// in an [*Error]; test for them with [errors.Is].
var (
	// ErrChanged: something else is at the key by now than was seen there.
	ErrChanged = errors.New("changed since it was listed")
	// ErrConflict: both cannot be held at once, as a file a and a file a/b in a
	// directory.
	ErrConflict = errors.New("conflict")
	// ErrCorrupt: the bytes are not those that the md5 or the size promised.
	ErrCorrupt = errors.New("corrupt content")
	// ErrUnsupportedLink: the store cannot hold this link.
	ErrUnsupportedLink = errors.New("link not supported")
	// ErrUnsupportedKey: the store cannot hold an entry of this key.
	ErrUnsupportedKey = errors.New("key not supported")
	// ErrUnordered: a listing came out of key order.
	ErrUnordered = errors.New("listing is not in key order")
	// ErrBudget: the request limit would be, or was, exceeded.
	ErrBudget = errors.New("request limit exceeded")
	// ErrEmptySource: the source holds nothing, and the destination would lose
	// everything.
	ErrEmptySource = errors.New("the source is empty")
	// ErrTooManyDeletes: the plan deletes more than the limit allows.
	ErrTooManyDeletes = errors.New("too many deletes")
	// ErrTooManyRoutes: more rules for links to directories would be needed than
	// the store can have.
	ErrTooManyRoutes = errors.New("too many routing rules")
	// ErrExcluded is the Problem of an entry that the user's rules hide. Such
	// an Other is protected as any, and not reported.
	ErrExcluded = errors.New("excluded")
)

// An Error says which operation failed, on which tree and key. An error of a
// listing that has a Key concerns that key alone, and the listing goes on; one
// without ends it.
type Error struct {
	Op   string // list, stat, open, read, put, delete
	Tree string // the tree's scheme or name
	Key  string // as the tree has it; may be any string
	Err  error
}

// Error returns "tree: op key: err".
func (e *Error) Error() string {
	s := e.Op
	if e.Tree != "" {
		s = e.Tree + ": " + s
	}
	if e.Key != "" {
		s += " " + DisplayKey(e.Key)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// ErrorKey returns the key that err concerns, and whether it concerns just one. The
// outermost [*Error] decides: an error that a listing wraps in one without a key
// concerns the whole listing.
func ErrorKey(err error) (string, bool) {
	var e *Error
	if errors.As(err, &e) && e.Key != "" {
		return e.Key, true
	}
	return "", false
}

type transientError struct{ err error }

func (e *transientError) Error() string { return e.err.Error() }
func (e *transientError) Unwrap() error { return e.err }

// Transient marks err as worth another try. Errors that are not marked are
// never retried.
func Transient(err error) error {
	if err == nil {
		return nil
	}
	return &transientError{err}
}

// IsTransient reports whether err was marked by [Transient]. A cancelled context
// and a final error are never transient.
func IsTransient(err error) bool {
	if errors.Is(err, context.Canceled) || IsFinal(err) {
		return false
	}
	var t *transientError
	return errors.As(err, &t)
}

type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }
func (e *finalError) Unwrap() error { return e.err }

// Final marks err as one after which no operation of the tree can go well. A run
// ends with it, and does not report it for each entry.
func Final(err error) error {
	if err == nil {
		return nil
	}
	return &finalError{err}
}

// IsFinal reports whether err was marked by [Final], or is [ErrBudget].
func IsFinal(err error) bool {
	var f *finalError
	return errors.Is(err, ErrBudget) || errors.As(err, &f)
}

// DisplayKey returns key as a person should see it: as it is if it is plain
// printable text, else quoted with its control characters and invalid bytes
// escaped, so that a hostile key cannot act on a terminal.
func DisplayKey(key string) string {
	if !utf8.ValidString(key) {
		return strconv.Quote(key)
	}
	for _, r := range key {
		if !strconv.IsPrint(r) {
			return strconv.Quote(key)
		}
	}
	if key == "" {
		return `""`
	}
	return key
}
