package core

import (
	"fmt"
	"time"
)

// Kind is an entry's kind: file, link or other.
type Kind uint8

const (
	// Other is something that is there and cannot be copied: a fifo, a link
	// that leaves the tree, a key that no path can express. It is never read,
	// replaced or deleted, and it stands for everything below its key. It is the
	// zero Kind, so that an entry nobody filled in is an entry nobody touches.
	Other Kind = iota
	// File is a sequence of bytes.
	File
	// Link points to a key of the same tree or to a URL.
	Link
)

var kindNames = [...]string{Other: "other", File: "file", Link: "link"}

// String returns "other", "file" or "link".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("unknown kind of entry %q", text)
}

// An Entry is a file, a link or an Other at one key of a tree. It is a value:
// nothing in it is shared with the tree it came from.
type Entry struct {
	// Key is the entry's name in its tree. It satisfies [ValidKey], except that
	// the key of an Other may be any string.
	Key  string
	Kind Kind

	// Partial says that a listing could not know everything: Size, Token and
	// Key are certain, MD5 and ModTime may be missing. Stat completes it.
	Partial bool
	// MaybeLink, on a Partial File, says that the entry may turn out to be a
	// Link or an Other when it is asked.
	MaybeLink bool

	// Size is the length of a File in bytes. For a Link it is the size of its link
	// page or text, if any, by which a store recognises it, and is not compared.
	Size int64
	// MD5 is the md5 of a File's content where it is known. It is only ever a
	// real md5 of the content, never a store's token that looks like one.
	MD5 MD5
	// Parts is the hash of the md5s of the content's parts, as the store divides
	// it, for a [Prover]; zero if unknown.
	Parts PartsHash
	// Target is where a Link points.
	Target Target
	// ModTime is when a File's content was last changed, or the zero time. It is
	// carried where both sides can, and a different ModTime alone is never a
	// difference.
	ModTime time.Time
	// Token is the store's opaque version of the entry: it changes whenever the
	// entry does. It has a meaning only to the tree that gave it.
	Token string
	// Changed is when the store last changed the entry, by the store's clock, or
	// the zero time. It is set only where it tells versions apart that have one
	// Token: a version is known by Token, Size and Changed together.
	Changed time.Time
	// Settled, of an entry that Stat, Open or Put returned, says that it was read
	// so long after its last change that any later change shows in Token, Size or
	// Changed. Only settled entries are remembered.
	Settled bool
	// Headers are those that a File is to be stored with, nil for the store's own
	// choice. No tree lists those of its files. A tree with Features.Headers returns
	// them from Stat, and from Open those that describe the content.
	Headers *Headers
	// Reuse, of a source's File, is the Token of a file of the same key and content in
	// the tree that the run takes unchanged files from, or "". See [Originator].
	Reuse string
	// HeaderMark, of an entry whose headers rules decide about, stands for the headers
	// that they give; of an entry of a destination, for those that rules had given it
	// when it was put, as far as that is remembered. Empty is not known.
	HeaderMark HeaderMark
	// Problem says why the Kind is Other, in words for a person.
	Problem error
}

// Same reports whether two complete entries of the same key hold the same:
// files of equal md5 and size, or links to the same target.
func (e Entry) Same(f Entry) bool {
	if e.Kind != f.Kind {
		return false
	}
	switch e.Kind {
	case File:
		return e.Size == f.Size && e.MD5.Known() && e.MD5 == f.MD5
	case Link:
		return e.Target.Same(f.Target)
	}
	return false
}
