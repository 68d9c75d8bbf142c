package wrap

import (
	"context"
	"fmt"
	"io"

	"github.com/s3fc/s3fc/core"
)

// Freeze is b, but refuses with [core.ErrChanged] to put, copy or delete at keys
// that frozen is true for: as if something else were there by now than the caller
// saw. frozen is called concurrently.
func Freeze(b core.Backend, frozen func(key string) bool) core.Backend {
	f := &freeze{infoOf{b}, finisherOf{b}, copierOf{b}, dirsOf{b}, b, frozen}
	if d, ok := core.As[core.BatchDeleter](b); ok {
		return &struct {
			*freeze
			batch
		}{f, batch{d.BatchSize(), func(ctx context.Context, olds []core.Entry) []error {
			return deleteSome(ctx, d, olds, func(e core.Entry) error { return f.refuse("delete", e.Key) })
		}}}
	}
	return f
}

type freeze struct {
	infoOf
	finisherOf
	copierOf
	dirsOf
	core.Backend
	frozen func(key string) bool
}

func (f *freeze) refuse(op, key string) error {
	if !f.frozen(key) {
		return nil
	}
	return &core.Error{Op: op, Key: key, Err: fmt.Errorf("%w: the destination has another entry than planned; left alone", core.ErrChanged)}
}

func (f *freeze) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := f.refuse("put", e.Key); err != nil {
		return core.Entry{}, err
	}
	return f.Backend.Put(ctx, e, body, old)
}

func (f *freeze) Delete(ctx context.Context, old core.Entry) error {
	if err := f.refuse("delete", old.Key); err != nil {
		return err
	}
	return f.Backend.Delete(ctx, old)
}

// CopyFrom implements [core.Copier].
func (f *freeze) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	if err := f.refuse("copy", key); err != nil {
		return core.Entry{}, err
	}
	return f.copierOf.CopyFrom(ctx, src, e, key, old)
}
