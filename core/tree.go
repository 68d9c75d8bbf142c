package core

import (
	"context"
	"io"
	"iter"
	"time"
)

// A Tree is the read side of a store: entries under ordered keys. Its methods
// are safe for concurrent use.
type Tree interface {
	// List yields the entries whose keys are greater than after, in byte order
	// of key; an empty after means all. An entry may be Partial.
	//
	// An error that has a key ([ErrorKey]) concerns that key and all keys below it,
	// and the sequence goes on; the entry beside it is to be ignored. An error
	// without a key ends the sequence. When ctx ends, so does the sequence, with
	// the context's error: a cut listing never looks complete. A root that does not
	// exist is an error that is [fs.ErrNotExist].
	List(ctx context.Context, after string) iter.Seq2[Entry, error]

	// Stat returns the complete entry at key, or an error that is
	// [fs.ErrNotExist] if there is none. A key below a file or a link is not
	// there: links are never followed.
	Stat(ctx context.Context, key string) (Entry, error)

	// Open returns the content at key and the complete entry that it is the
	// content of, as one atomic look: never the bytes of one version with the
	// entry of another. The reader is nil for a Link and for an Other. The
	// caller closes the reader. A reader that ends before Size bytes, or whose
	// source changed under it, returns an error, never a plain io.EOF.
	Open(ctx context.Context, key string) (io.ReadCloser, Entry, error)

	// Features declares the entries that the tree can hold, and its abilities. It
	// does not change.
	Features() Features
}

// A Backend is a Tree that can be changed.
type Backend interface {
	Tree

	// Put makes e the entry at e.Key and returns it as stored, complete and with
	// its new Token. It is all or nothing: on an error, and when ctx ends, the
	// entry from before is still there, and nothing else can be seen.
	//
	// The body of a File is read to its end; e.Size is its exact length in
	// bytes, and a body of another length is [ErrCorrupt], as is one whose md5
	// is not e.MD5, where that is known. If Features.NeedsMD5, e.MD5 is known.
	// A body that is an io.ReadSeeker or an io.ReaderAt may be read more than
	// once. The body of a Link is nil.
	//
	// old is the entry that the caller saw at the key, nil for none. If something
	// else is there by now, a backend stores nothing and returns [ErrChanged], as
	// surely as its Features.Create and Features.Replace say. An old of another
	// Kind is replaced. A key below a file or a link, or where a directory that is
	// not empty stands, is [ErrConflict] in a store that is not Flat.
	//
	// An entry that the store cannot hold is [ErrUnsupportedLink] or
	// [ErrUnsupportedKey], and one in the place of an Other is [ErrConflict]. An
	// error of the body's reader is wrapped by the error that Put returns.
	Put(ctx context.Context, e Entry, body io.Reader, old *Entry) (Entry, error)

	// Delete removes the entry that old describes. That nothing is there is no
	// error, and a directory is nothing: it is no entry. Something else than old is
	// [ErrChanged] and stays, as surely as Features.Replace says.
	Delete(ctx context.Context, old Entry) error
}

// Features declares, as data, the entries that a tree can hold, and its abilities.
// The conformance suite tests each in both directions: a declared one works, and
// any other is refused with the error that Backend names.
type Features struct {
	// Links: holds links to keys of the same tree.
	Links bool
	// URLLinks: holds links to http and https URLs.
	URLLinks bool
	// DirTargets: keeps Target.Dir when it is known.
	DirTargets bool
	// StoresMD5: Stat knows the md5 of every file that was put with one.
	StoresMD5 bool
	// NeedsMD5: Put wants the md5 of a file before its first byte.
	NeedsMD5 bool
	// ModTimes: keeps a file's ModTime, to the second at least.
	ModTimes bool
	// Headers: stores a file with its Headers, none of them from an older file, and
	// returns them from Stat and Open. Such a tree may be a [HeaderKeeper].
	Headers bool
	// Flat: a file a and a file a/b can both be there; nothing is ever in the
	// way of anything.
	Flat bool
	// Unordered: List is known not to be in key order, and is sorted before use.
	Unordered bool
	// Create is how Put guards against an entry created at its key since the
	// caller, whose old is nil, found none there.
	Create Guard
	// Replace is how Put and Delete guard against a change of old: the weaker of
	// the two.
	Replace Guard
	// Resolution is 0 if Token, Size and Changed tell all versions of an entry
	// apart. Else two versions of one size may look the same if less than this
	// lies between them, as where a version is known by its size and a time in
	// whole seconds. An entry that was changed less than this before it was looked
	// at is not Settled.
	Resolution time.Duration
	// MaxKey is the length of the longest key in bytes, 0 for no limit.
	MaxKey int
	// MaxSegment is the length of the longest segment of a key in bytes, 0 for
	// no limit.
	MaxSegment int
	// MaxTarget is the length of the longest target key in bytes if it is all
	// of letters and digits, 0 for no limit. A store that has to encode other
	// characters holds less of them; [Checker] knows.
	MaxTarget int
}
