package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// As returns t as a T, where T is one of the optional interfaces below. It
// looks through decorators that have a method Unwrap() Tree: a decorator has
// one only if it is harmless to pass it by.
func As[T any](t Tree) (T, bool) {
	for t != nil {
		if v, ok := t.(T); ok {
			return v, true
		}
		u, ok := t.(interface{ Unwrap() Tree })
		if !ok {
			break
		}
		t = u.Unwrap()
	}
	var zero T
	return zero, false
}

// A BatchDeleter deletes many entries in one request.
type BatchDeleter interface {
	// BatchSize is the greatest number of entries that DeleteBatch takes.
	BatchSize() int
	// DeleteBatch deletes each of olds as Delete does. It returns one error an
	// entry, in their order, nil for those that are gone.
	DeleteBatch(ctx context.Context, olds []Entry) []error
}

// A Prover can tell from a listing's Token and Size alone that an entry holds
// a content that somebody else knows. It does no I/O. A proof is only ever of
// equality: no proof says nothing.
type Prover interface {
	// PartSizes returns the part sizes in bytes under which have, if it was
	// stored in parts, may have got its Token; nil if it was not.
	PartSizes(have Entry) []int64
	// Proves reports whether an entry of this evidence would show as
	// have.Token and have.Size, and nothing else would.
	Proves(have Entry, e Evidence) bool
}

// A Fingerprinter shows in its listing something of entries that is made of their
// content alone. So two listings can be compared that both show nothing else.
type Fingerprinter interface {
	// Fingerprint returns a fingerprint of have from its token, or "" for none.
	// Two entries that are listed as files of one size, with one fingerprint, are
	// the same, in whatever trees they are: files with the same content, or links
	// to the same target. Different fingerprints say nothing. It does no I/O.
	Fingerprint(have Entry) string
}

// Evidence is all known facts of the content that a [Prover] is to compare.
type Evidence struct {
	Kind   Kind
	Size   int64
	MD5    MD5         // of a File
	Parts  []PartsHash // of a File, for each part size for which it is known
	Head   []byte      // of a File: its whole content if that was read and is at most HeadSize bytes, else nil
	Target Target      // of a Link
}

// HeadSize is the size in bytes up to which the content of a file is given to
// a [Prover] as Evidence.Head.
const HeadSize = 16 << 10

// PartsHash is the md5 of the concatenated md5s of a content's parts, as a
// multipart upload's ETag has it.
type PartsHash struct {
	PartSize int64 // bytes; the last part may be shorter
	Count    int
	MD5      MD5
}

// A Rememberer stores facts of its entries that took reading or a request, so that
// a later listing has them for free.
type Rememberer interface {
	// Remember is told of a File as Open returned it, with the MD5 and the Parts
	// that reading it to its end has told. It may forget.
	Remember(e Entry)
}

// An Identifier names its tree's store and place, however it was opened, so that
// remembered facts are found again. An empty name is none.
type Identifier interface {
	Identity() string
}

// A Checker knows without I/O whether Put would refuse an entry for its kind, key
// or target, so that a plan can say so before the first write. The error is
// [ErrUnsupportedLink] or [ErrUnsupportedKey]. Without it, [Features] decide.
type Checker interface {
	CheckPut(e Entry) error
}

// CheckPut reports whether t can hold e: by its [Checker], or by its Features.
func CheckPut(t Tree, e Entry) error {
	if c, ok := As[Checker](t); ok {
		return c.CheckPut(e)
	}
	return t.Features().CheckPut(e)
}

// CheckOld reports whether an entry that was seen as old may be replaced or deleted:
// an [Other] never is, and the error is [ErrConflict]. A nil old may be.
func CheckOld(old *Entry) error {
	if old != nil && old.Kind == Other {
		return fmt.Errorf("%w: the entry there cannot be copied", ErrConflict)
	}
	return nil
}

// CheckPut reports whether a store of these features can hold e. The error is
// [ErrUnsupportedLink] or [ErrUnsupportedKey].
func (f Features) CheckPut(e Entry) error {
	if e.Kind == Other {
		return fmt.Errorf("%w: only files and links can be copied", ErrUnsupportedKey)
	}
	if err := CheckKey(e.Key); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsupportedKey, err)
	}
	if f.MaxKey > 0 && len(e.Key) > f.MaxKey {
		return fmt.Errorf("%w: it is %d bytes long, and %d is the longest here", ErrUnsupportedKey, len(e.Key), f.MaxKey)
	}
	if f.MaxSegment > 0 {
		for seg := range strings.SplitSeq(e.Key, "/") {
			if len(seg) > f.MaxSegment {
				return fmt.Errorf("%w: it has a segment of %d bytes, and %d is the longest here", ErrUnsupportedKey, len(seg), f.MaxSegment)
			}
		}
	}
	if e.Kind == Link {
		return f.checkLink(e.Target)
	}
	return nil
}

func (f Features) checkLink(t Target) error {
	if err := t.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsupportedLink, err)
	}
	switch {
	case t.URL != "" && !f.URLLinks:
		return fmt.Errorf("%w: it points to the URL %s, and this tree stores only links within it", ErrUnsupportedLink, t.URL)
	case t.URL == "" && !f.Links:
		return fmt.Errorf("%w: this tree stores no links", ErrUnsupportedLink)
	case f.MaxTarget > 0 && len(t.Key)+len(t.URL) > f.MaxTarget:
		return fmt.Errorf("%w: its target is %d bytes long, and %d is the longest here", ErrUnsupportedLink, len(t.Key)+len(t.URL), f.MaxTarget)
	}
	return nil
}

// A Coster knows how many requests an operation will need, so that a plan can
// be compared with a budget before the first write. It does no I/O.
type Coster interface {
	// PutCost returns the requests of putting e.
	PutCost(e Entry) Requests
	// OpenCost returns the requests of reading e.
	OpenCost(e Entry) Requests
	// DeleteCost returns the requests of deleting n entries.
	DeleteCost(n int64) Requests
}

// A RequestCounter has counted the requests that were really sent, retries included.
type RequestCounter interface {
	Requests() Requests
}

// A Finisher has something to do once a run is over: empty directories to
// remove, a question to ask, a remark to make.
type Finisher interface {
	// Finish is called once on the destination, after the last write. It
	// returns remarks for the user, one sentence each.
	Finish(ctx context.Context, done Done) (notes []string, err error)
}

// Done describes a finished run for a [Finisher].
type Done struct {
	LinksPut int64
	// Deletes says that the run was allowed to delete and nothing failed.
	Deletes bool
	// Keep, if not nil, reports whether the user's rules hide the directory dir and
	// all below it from the run, so that nothing there is cleaned up.
	Keep func(dir string) bool
}

// A DirRemover is a backend with directories, which may hold no entry at all. No
// listing but ListDirs shows them, and no copy carries them; a run that may delete
// removes those that it leaves empty, as a part of its plan.
type DirRemover interface {
	// ListDirs is List, and yields also each directory below the root that it
	// goes into, as [DirectoryEntry]. Its key ends with a slash, so it comes
	// before the entries in the directory, and nowhere else.
	ListDirs(ctx context.Context, after string) iter.Seq2[Entry, error]
	// RemoveDir removes the directory at the key dir. That nothing is there is no
	// error. If it holds anything by now, or is no directory, it stays, and the
	// error is [ErrConflict].
	RemoveDir(ctx context.Context, dir string) error
}

// ErrDirectory is the Problem of a directory that [DirRemover.ListDirs] yields.
var ErrDirectory = errors.New("a directory")

// DirectoryEntry is the directory at the key dir as [DirRemover.ListDirs] yields it:
// an Other whose key is dir and a slash.
func DirectoryEntry(dir string) Entry {
	return Entry{Key: dir + "/", Kind: Other, Problem: ErrDirectory}
}

// Directory returns the key of the directory that e stands for, without a slash at
// its end; ok is false if e is an entry.
func (e *Entry) Directory() (dir string, ok bool) {
	if e.Kind != Other || !errors.Is(e.Problem, ErrDirectory) {
		return "", false
	}
	return strings.TrimSuffix(e.Key, "/"), true
}

// ListDirs is t.List, with the directories too if t is a [DirRemover].
func ListDirs(ctx context.Context, t Tree, after string) iter.Seq2[Entry, error] {
	if d, ok := As[DirRemover](t); ok {
		return d.ListDirs(ctx, after)
	}
	return t.List(ctx, after)
}

// A Versioner knows whether its store keeps older versions.
type Versioner interface {
	// Versioning asks whether the store keeps overwritten and deleted entries. A
	// store that does not say is VersionsUnknown and no error.
	Versioning(ctx context.Context) (Versions, error)
}

// Versions says whether overwritten and deleted entries can be restored.
type Versions uint8

// The answers of a [Versioner].
const (
	VersionsUnknown Versions = iota
	VersionsGone             // they are gone
	VersionsKept             // they are kept as older versions
)

// Close closes t if it is an [io.Closer], and waits until that is done. A
// backend that holds something open, such as connections or a lock, implements
// io.Closer; its caller calls Close once, after the last operation has returned.
// Decorators do not close the tree that they wrap.
func Close(t Tree) error {
	if c, ok := t.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// A Creator may be a tree that did not exist when it was opened.
type Creator interface {
	// Created reports whether opening the tree or writing to it has made it.
	Created() bool
}

// A Locator knows where its entries are, as far as the tree's URL leaves that
// open.
type Locator interface {
	// Location returns a region, a server or a directory, for a person; "" if
	// there is nothing to say.
	Location() string
}

// An Endpointer knows the address of the server that answers its requests.
type Endpointer interface {
	// Endpoint returns the server's URL as it was configured, or "" for the
	// store's own.
	Endpoint() string
}

// A Watcher tells when its tree changes.
type Watcher interface {
	// Watch begins to watch, and returns. Until ctx ends, changed is called after
	// each burst of changes, and notice with remarks for the user; a change may be
	// told late, or once too often, but none is missed for good.
	Watch(ctx context.Context, changed func(), notice func(string)) error
}
