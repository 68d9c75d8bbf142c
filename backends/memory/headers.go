package memory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
)

var _ core.HeaderKeeper = (*Tree)(nil)

// CheckSetHeaders implements [core.HeaderKeeper].
func (t *Tree) CheckSetHeaders(core.Entry) error { return nil }

// SetHeadersCost implements [core.HeaderKeeper].
func (t *Tree) SetHeadersCost(core.Entry) core.Requests { return core.Requests{} }

// SetHeaders implements [core.HeaderKeeper].
func (t *Tree) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	err := ctx.Err()
	if err == nil && !t.Features().Headers {
		err = errors.ErrUnsupported
	}
	if err != nil {
		return core.Entry{}, fail("headers", old.Key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err = t.changed(old.Key, &old); err != nil {
		return core.Entry{}, fail("headers", old.Key, err)
	}
	it := t.index.get(old.Key)
	switch {
	case it == nil:
		return core.Entry{}, fail("headers", old.Key, core.ErrChanged)
	case it.entry.Kind != core.File:
		return core.Entry{}, fail("headers", old.Key, fmt.Errorf("a %s has no headers: %w", it.entry.Kind, fs.ErrInvalid))
	}
	e := it.entry
	e.Headers = set.Over(e.Headers.Without(drop))
	now := t.newItem(e, it.body)
	t.set(now)
	return now.entry, nil
}
