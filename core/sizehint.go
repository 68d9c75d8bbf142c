package core

import "context"

type sizeHintKey struct{}

// WithSizeHint returns ctx for an Open of what a listing said has size bytes, so
// that a store which has large contents in several requests at once knows what
// to ask for first. What is read never depends on it. Small sizes, which make no
// difference to anybody, are left out.
func WithSizeHint(ctx context.Context, size int64) context.Context {
	if size <= SmallFile {
		return ctx
	}
	return context.WithValue(ctx, sizeHintKey{}, size)
}

// SizeHintOf returns the size in bytes that goes with ctx, or 0.
func SizeHintOf(ctx context.Context) int64 {
	size, _ := ctx.Value(sizeHintKey{}).(int64)
	return size
}
