package localfs

import (
	"context"
	"iter"

	"github.com/s3fc/s3fc/core"
)

var _ core.KeyLister = (*Tree)(nil)

// Keys implements [core.KeyLister]: it reads names and stats nothing.
func (t *Tree) Keys(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		d, err := t.dirs.root.open()
		if err != nil {
			return // the listing reports it
		}
		w := t.newWalker(ctx, "", nil)
		w.keys(d, yield)
	}
}

// keys yields the keys in d and below it.
func (w *walker) keys(d *dir, yield func(string) bool) bool {
	items, err := w.items(d)
	if err != nil {
		return true // the listing reports it
	}
	for i := range items {
		if w.ctx.Err() != nil || !w.keysOf(d, &items[i], yield) {
			return false
		}
	}
	return true
}

func (w *walker) keysOf(d *dir, it *item, yield func(string) bool) bool {
	if !it.isDir {
		return yield(join(d.key, it.name))
	}
	if w.hides(join(d.key, it.name)) || w.dirs.links == FollowLinks {
		return true // links may lead anywhere, so a hint leaves them out
	}
	sub, err := d.open(it.name)
	if err != nil {
		return true
	}
	defer func() { _ = sub.handle.Close() }() // nothing is written through it
	return w.keys(sub, yield)
}
