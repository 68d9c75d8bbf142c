package localfs

import (
	"context"
	"iter"

	"github.com/s3fc/s3fc/core"
)

var _ core.KeyLister = (*Tree)(nil)

// Keys implements [core.KeyLister]: it reads names, and asks nothing of files.
func (t *Tree) Keys(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		root, err := t.top(false)
		if err != nil {
			return // the listing says why
		}
		w := &walker{t: t, ctx: ctx}
		w.keys(root, yield)
	}
}

// keys yields the keys in d and below it, and reports whether to go on.
func (w *walker) keys(d *dir, yield func(string) bool) bool {
	items, err := w.items(d)
	if err != nil {
		return true // the listing says so
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
	if w.t.hides(join(d.key, it.name)) || w.t.links == FollowLinks {
		return true // what lies behind links may have no end: without it, the hint is thinner
	}
	sub, err := d.open(it.name)
	if err != nil {
		return true
	}
	defer func() { _ = sub.folder.Close() }() // nothing is written through it
	return w.keys(sub, yield)
}
