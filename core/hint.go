package core

import (
	"context"
	"io"
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
// likely to have, because the tree that it is compared with has them. A store can
// ask for several ranges of a listing at once if it knows where they are likely to
// begin. The entries listed never depend on it.
type KeyHint struct {
	// Keys yields the keys in order, once. It is read from one goroutine.
	Keys iter.Seq[string]
	// Harmless says that nothing would be lost if the listing left out an entry,
	// which no store should do, but some do when they are asked for ranges.
	Harmless bool
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

type sizeHintKey struct{}

// WithSizeHint returns ctx for an Open of an entry that a listing showed with size
// bytes. A store that reads large contents with several requests at once knows then
// where to begin, and one whose answers do not say how long they are, how much to
// expect. The content never depends on it.
func WithSizeHint(ctx context.Context, size int64) context.Context {
	if size <= 0 {
		return ctx
	}
	return context.WithValue(ctx, sizeHintKey{}, size)
}

// SizeHintOf returns the size in bytes that goes with ctx, or 0.
func SizeHintOf(ctx context.Context) int64 {
	size, _ := ctx.Value(sizeHintKey{}).(int64)
	return size
}

// Unpaced returns the content of body without the waits that keep a run within its
// bandwidth, for a hash that a [Backend] takes before it sends the same bytes. It reads
// from where body is, and moves it.
func Unpaced(body io.Reader) io.Reader {
	if p, ok := body.(interface{ Unpaced() io.Reader }); ok {
		if r := p.Unpaced(); r != nil {
			return r
		}
	}
	return body
}
