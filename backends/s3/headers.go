package s3

import (
	"context"

	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/core"
)

var _ core.HeaderKeeper = (*Tree)(nil)

// SetHeaders implements [core.HeaderKeeper] with a HEAD, and if the headers differ a
// copy of the object onto itself and another HEAD. A version of the object is made
// where the bucket keeps versions; an ACL of its own becomes the one that new objects
// get.
func (t *Tree) SetHeaders(ctx context.Context, old core.Entry, set *core.Headers, drop []string) (core.Entry, error) {
	now, err := t.setter.Set(ctx, contents.Key{Object: t.full(old.Key), Entry: old.Key}, old, set, drop)
	return now, t.fail("headers", old.Key, err)
}

// CheckSetHeaders implements [core.HeaderKeeper].
func (t *Tree) CheckSetHeaders(old core.Entry) error { return t.setter.Check(old) }

// SetHeadersCost implements [core.HeaderKeeper].
func (t *Tree) SetHeadersCost(core.Entry) core.Requests { return t.setter.Cost() }
