package wrap

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// Range is b without the entries outside a range of keys: those that follow after,
// up to and with last. An empty last is no end. Entries outside are not there, and
// Put and Delete of them are refused with [core.ErrUnsupportedKey].
//
// A run over a range is one of several over the same tree, so the range takes no
// last steps: it is no [core.Finisher].
func Range(b core.Backend, after, last string) core.Backend {
	r := &keyRange{infoOf{b}, copierOf{b}, b, after, last}
	if d, ok := core.As[core.BatchDeleter](b); ok {
		return &struct {
			*keyRange
			batch
		}{r, batch{d.BatchSize(), func(ctx context.Context, olds []core.Entry) []error {
			return deleteSome(ctx, d, olds, func(e core.Entry) error { return r.refuse("delete", e.Key) })
		}}}
	}
	return r
}

type keyRange struct {
	infoOf
	copierOf
	core.Backend
	after, last string
}

func (r *keyRange) has(key string) bool { return key > r.after && (r.last == "" || key <= r.last) }

func (r *keyRange) refuse(op, key string) error {
	if r.has(key) {
		return nil
	}
	return &core.Error{Op: op, Key: key, Err: fmt.Errorf("%w: outside the range of keys of this run", core.ErrUnsupportedKey)}
}

// List ends at the first entry behind the range: the rest is not asked for.
func (r *keyRange) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range r.Backend.List(ctx, max(after, r.after)) {
			key := e.Key
			if err != nil {
				single := false
				if key, single = core.ErrorKey(err); !single {
					yield(e, err)
					return
				}
				if key <= r.after {
					continue
				}
			}
			if r.last != "" && key > r.last || !yield(e, err) {
				return
			}
		}
	}
}

// Keys implements [core.KeyLister].
func (r *keyRange) Keys(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		for key := range r.infoOf.Keys(ctx) {
			if r.last != "" && key > r.last {
				return
			}
			if key > r.after && !yield(key) {
				return
			}
		}
	}
}

func (r *keyRange) CheckPut(e core.Entry) error {
	if err := r.refuse("put", e.Key); err != nil {
		return err
	}
	return r.infoOf.CheckPut(e)
}

func (r *keyRange) Stat(ctx context.Context, key string) (core.Entry, error) {
	if !r.has(key) {
		return core.Entry{}, absentError("stat", key)
	}
	return r.Backend.Stat(ctx, key)
}

func (r *keyRange) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if !r.has(key) {
		return nil, core.Entry{}, absentError("open", key)
	}
	return r.Backend.Open(ctx, key)
}

func (r *keyRange) Put(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	if err := r.refuse("put", e.Key); err != nil {
		return core.Entry{}, err
	}
	return r.Backend.Put(ctx, e, body, old)
}

func (r *keyRange) Delete(ctx context.Context, old core.Entry) error {
	if err := r.refuse("delete", old.Key); err != nil {
		return err
	}
	return r.Backend.Delete(ctx, old)
}

// CopyFrom implements [core.Copier].
func (r *keyRange) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	if err := r.refuse("copy", key); err != nil {
		return core.Entry{}, err
	}
	return r.copierOf.CopyFrom(ctx, src, e, key, old)
}

// Origin implements [core.Originator], so that a store can copy from a range of a
// tree of its own: a key outside has none.
func (r *keyRange) Origin(e core.Entry) (core.Tree, core.Entry, bool) {
	return r.Backend, e, r.has(e.Key)
}
