package core

import (
	"context"
	"iter"
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
	// Keys yields the keys in order, once. It is read from one goroutine.
	Keys iter.Seq[string]
	// Destination says that the listing is that of a destination: if it left out
	// an entry, which no store should, then nothing would be lost, for a Put says
	// what it expects to be there.
	Destination bool
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

// hinted is list with the hint that other has the same keys, if other can name
// them.
func hinted(list Lister, other Tree, destination bool) Lister {
	k, ok := As[KeyLister](other)
	if !ok {
		return list
	}
	return func(ctx context.Context, after string) iter.Seq2[Entry, error] {
		return list(WithKeyHint(ctx, KeyHint{Keys: k.Keys(ctx), Destination: destination}), after)
	}
}
