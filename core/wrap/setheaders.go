package wrap

import (
	"context"
	"errors"

	"github.com/s3fc/s3fc/core"
)

// SetHeaders implements [core.HeaderKeeper]. Without an inner one, nothing is done.
func (x infoOf) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if k, ok := core.As[core.HeaderKeeper](x.inner); ok {
		return k.SetHeaders(ctx, old, set, drop)
	}
	return core.Entry{}, &core.Error{Op: "headers", Key: old.Key, Err: errors.ErrUnsupported}
}

// CheckSetHeaders implements [core.HeaderKeeper].
func (x infoOf) CheckSetHeaders(old core.Entry) error {
	if k, ok := core.As[core.HeaderKeeper](x.inner); ok {
		return k.CheckSetHeaders(old)
	}
	return errors.ErrUnsupported
}

// SetHeadersCost implements [core.HeaderKeeper].
func (x infoOf) SetHeadersCost(old core.Entry) core.Requests {
	if k, ok := core.As[core.HeaderKeeper](x.inner); ok {
		return k.SetHeadersCost(old)
	}
	return core.Requests{}
}

// SetHeaders implements [core.HeaderKeeper].
func (f *filter) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if err := f.refuse("headers", old.Key); err != nil {
		return core.Entry{}, err
	}
	return f.infoOf.SetHeaders(ctx, old, set, drop)
}

// SetHeaders implements [core.HeaderKeeper].
func (f *freeze) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if err := f.refuse("headers", old.Key); err != nil {
		return core.Entry{}, err
	}
	return f.infoOf.SetHeaders(ctx, old, set, drop)
}

// SetHeaders implements [core.HeaderKeeper].
func (r *keyRange) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if err := r.refuse("headers", old.Key); err != nil {
		return core.Entry{}, err
	}
	return r.infoOf.SetHeaders(ctx, old, set, drop)
}

// SetHeaders implements [core.HeaderKeeper].
func (r *readOnly) SetHeaders(_ context.Context, old core.Entry, _ *core.Headers, _ []string) (core.Entry, error) {
	return core.Entry{}, denied("headers", old.Key)
}

// SetHeaders implements [core.HeaderKeeper]. It is one of the jobs.
func (l *limit) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if err := l.enter(ctx, "headers", old.Key); err != nil {
		return core.Entry{}, err
	}
	defer l.leave()
	return l.infoOf.SetHeaders(ctx, old, set, drop)
}

// SetHeaders implements [core.HeaderKeeper]. It counts as a put.
func (m *meter) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if err := m.spend(&m.counts.Puts, "headers", old.Key); err != nil {
		return core.Entry{}, err
	}
	return m.infoOf.SetHeaders(ctx, old, set, drop)
}

// SetHeaders implements [core.HeaderKeeper].
func (f *fault) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	if err := f.step(StepHeaders, old.Key); err != nil {
		return core.Entry{}, err
	}
	stored, err := f.infoOf.SetHeaders(ctx, old, set, drop)
	if err == nil {
		err = f.step(StepStored, old.Key)
	}
	if err != nil {
		return core.Entry{}, err
	}
	return stored, nil
}

// SetHeaders implements [core.HeaderKeeper].
func (s *sub) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	stored, err := s.infoOf.SetHeaders(ctx, s.full(old), set, drop)
	if err != nil {
		return core.Entry{}, s.ownError(err)
	}
	return s.own(stored), nil
}

// CheckSetHeaders implements [core.HeaderKeeper].
func (s *sub) CheckSetHeaders(old core.Entry) error { return s.infoOf.CheckSetHeaders(s.full(old)) }
