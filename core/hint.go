package core

import (
	"context"
	"iter"
	"sync/atomic"
)

// A KeyLister names its keys with less work than a listing takes.
type KeyLister interface {
	// Keys yields the keys that List would, in the same order, as far as they
	// can be had cheaply: some may be missing, and some may be too many. It is a
	// hint and has no errors; it ends early if it has to, and with ctx.
	Keys(ctx context.Context) iter.Seq[string]
}

// A KeyHint goes with the context of a listing and says which keys the tree is
// likely to have, because the tree that it is compared with has them. A store
// can ask for several pages of a listing at once if it knows where they are
// likely to begin. What is listed never depends on it.
type KeyHint struct {
	// Keys yields the keys in order, once. It is read from one goroutine. Nil says
	// that none are known.
	Keys iter.Seq[string]
	// Harmless reports whether nothing would be lost if the listing left out an
	// entry, which no store should. It may turn from false to true, and is safe
	// for concurrent use; nil is never.
	Harmless func() bool
}

type keyHintKey struct{}

// WithKeyHint returns ctx with a hint for the listing that is made with it.
func WithKeyHint(ctx context.Context, h KeyHint) context.Context {
	return context.WithValue(ctx, keyHintKey{}, h)
}

// KeyHintOf returns the hint that goes with ctx.
func KeyHintOf(ctx context.Context) (KeyHint, bool) {
	h, ok := ctx.Value(keyHintKey{}).(KeyHint)
	return h, ok
}

// hintSource is the listing of a source with the hint that the destination has
// the same keys. An entry that such a listing leaves out would be deleted from
// the destination; so it is harmless only once none shows that there is nothing
// to delete.
func hintSource(list Lister, dst Tree, none *atomic.Bool) Lister {
	return hinted(list, dst, none.Load)
}

// hintDestination is the listing of a destination with the hint that the source
// has the same keys. A Put says what it expects to be there, and fails if that
// is not so: an entry that is left out is not lost.
func hintDestination(list Lister, src Tree) Lister {
	return hinted(list, src, func() bool { return true })
}

func hinted(list Lister, other Tree, harmless func() bool) Lister {
	return func(ctx context.Context, after string) iter.Seq2[Entry, error] {
		h := KeyHint{Harmless: harmless}
		if k, ok := As[KeyLister](other); ok {
			h.Keys = k.Keys(ctx)
		}
		return list(WithKeyHint(ctx, h), after)
	}
}

// noteNone is list, which sets none if it ends without an entry or an error.
func noteNone(list Lister, none *atomic.Bool) Lister {
	return func(ctx context.Context, after string) iter.Seq2[Entry, error] {
		return func(yield func(Entry, error) bool) {
			some := false
			for e, err := range list(ctx, after) {
				some = true
				if !yield(e, err) {
					return
				}
			}
			none.Store(!some)
		}
	}
}
