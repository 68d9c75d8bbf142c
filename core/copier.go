package core

import (
	"context"
)

// A Copier takes files over from another tree without their content passing
// through this process, as two buckets of one store can.
type Copier interface {
	// CanCopy reports, without I/O, whether it is worth trying CopyFrom for the
	// file e of src.
	CanCopy(src Tree, e Entry) bool
	// CopyCost is how many requests CopyFrom needs for e, at both trees.
	CopyCost(e Entry) Requests
	// CopyFrom makes the file e of src the entry at key, and returns it as Put
	// does; old is as with Put, and so are atomicity and errors. Only the version
	// of e.Token is taken, and the stored md5 is compared with e.MD5 as far as the
	// store tells it.
	//
	// An error that is [errors.ErrUnsupported] says that nothing was changed and
	// that the content has to be read and put: the store refuses to copy it, it
	// is no file after all, or src has another version by now.
	CopyFrom(ctx context.Context, src Tree, e Entry, key string, old *Entry) (Entry, error)
}

// An Originator is a tree that shows entries of another tree, and lets a
// [Copier] take them from there.
type Originator interface {
	// Origin returns the tree that has e, and e as it is there. ok is false if
	// the entry's content must pass through this tree.
	Origin(e Entry) (t Tree, as Entry, ok bool)
}

// Origin returns where the entry e of t really lies: in t itself, unless t is
// an [Originator].
func Origin(t Tree, e Entry) (Tree, Entry, bool) {
	for {
		o, is := t.(Originator)
		if !is {
			return t, e, true
		}
		inner, as, ok := o.Origin(e)
		if !ok {
			return nil, Entry{}, false
		}
		t, e = inner, as
	}
}
