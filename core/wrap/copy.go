package wrap

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/core"
)

// copierOf passes [core.Copier]. Without an inner one, nothing can be copied, which
// core assumes too.
type copierOf struct{ inner core.Tree }

// CanCopy implements [core.Copier].
func (x copierOf) CanCopy(src core.Tree, e core.Entry) bool {
	c, ok := core.As[core.Copier](x.inner)
	return ok && c.CanCopy(src, e)
}

// CopyCost implements [core.Copier].
func (x copierOf) CopyCost(e core.Entry) core.Requests {
	if c, ok := core.As[core.Copier](x.inner); ok {
		return c.CopyCost(e)
	}
	return core.Requests{}
}

// CopyFrom implements [core.Copier].
func (x copierOf) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	if c, ok := core.As[core.Copier](x.inner); ok {
		return c.CopyFrom(ctx, src, e, key, old)
	}
	return core.Entry{}, &core.Error{Op: "copy", Key: key, Err: errors.ErrUnsupported}
}

// Origin implements [core.Originator]: a hidden entry has none.
func (f *filterTree) Origin(e core.Entry) (core.Tree, core.Entry, bool) {
	return f.Tree, e, !f.hide(e.Key)
}

// CopyFrom implements [core.Copier].
func (f *filter) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	if err := f.refuse("copy", key); err != nil {
		return core.Entry{}, err
	}
	return f.copierOf.CopyFrom(ctx, src, e, key, old)
}

// Origin implements [core.Originator].
func (s *sub) Origin(e core.Entry) (core.Tree, core.Entry, bool) { return s.b, s.full(e), true }

// CopyFrom implements [core.Copier].
func (s *sub) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	if err := core.CheckKey(key); err != nil {
		return core.Entry{}, &core.Error{Op: "copy", Key: key, Err: errors.Join(core.ErrUnsupportedKey, err)}
	}
	if old != nil {
		o := s.full(*old)
		old = &o
	}
	stored, err := s.copierOf.CopyFrom(ctx, src, e, s.prefix+key, old)
	if err != nil {
		return core.Entry{}, s.ownError(err)
	}
	return s.own(stored), nil
}

// Origin implements [core.Originator]: bytes that do not pass need no pace.
func (l *limit) Origin(e core.Entry) (core.Tree, core.Entry, bool) {
	return l.Backend, e, l.running == nil
}

// CopyFrom implements [core.Copier]. It is one of the jobs.
func (l *limit) CopyFrom(ctx context.Context, src core.Tree, e core.Entry, key string, old *core.Entry) (core.Entry, error) {
	if err := l.enter(ctx, "copy", key); err != nil {
		return core.Entry{}, err
	}
	defer l.leave()
	return l.copierOf.CopyFrom(ctx, src, e, key, old)
}

// Origin implements [core.Originator].
func (r *readOnly) Origin(e core.Entry) (core.Tree, core.Entry, bool) { return r.Tree, e, true }
