package wrap

import (
	"context"
	"io"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// Headers is the read side of t with the headers that of gives to files, nil for
// none, and their mark. Headers of t that of does not give stay. Such a file is not
// copied within a store, which would keep the headers that it had: its content is sent.
// of is called concurrently.
func Headers(t core.Tree, of func(key string) (*core.Headers, core.HeaderMark)) core.Tree {
	b, ok := t.(core.Backend)
	if !ok {
		b = ReadOnly(t)
	}
	return &headers{Base{b}, NoCopies{}, of}
}

type headers struct {
	Base
	NoCopies
	of func(key string) (*core.Headers, core.HeaderMark)
}

func (h *headers) give(e *core.Entry) {
	if e.Kind == core.File {
		given, mark := h.of(e.Key)
		e.Headers, e.HeaderMark = given.Over(e.Headers.Describing()), mark
	}
}

func (h *headers) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return h.given(h.Base.List(ctx, after))
}

// ListDirs implements [core.DirRemover].
func (h *headers) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return h.given(core.ListDirs(ctx, h.Backend, after))
}

// RemoveDir implements [core.DirRemover]: this is the read side.
func (h *headers) RemoveDir(_ context.Context, dir string) error { return denied("remove", dir) }

func (h *headers) given(list iter.Seq2[core.Entry, error]) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		for e, err := range list {
			h.give(&e)
			if !yield(e, err) {
				return
			}
		}
	}
}

func (h *headers) Stat(ctx context.Context, key string) (core.Entry, error) {
	e, err := h.Base.Stat(ctx, key)
	h.give(&e)
	return e, err
}

func (h *headers) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	body, e, err := h.Base.Open(ctx, key)
	h.give(&e)
	return body, e, err
}
