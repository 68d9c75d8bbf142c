package localfs

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// statWorkers is how many goroutines stat the files of one large directory, so
// that a slow disk or file server has several requests to work on.
const statWorkers = 4

var (
	_ core.KeyLister  = (*Tree)(nil)
	_ core.DirRemover = (*Tree)(nil)
)

// List implements [core.Tree]. A File is Partial: its md5 is not known.
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.list(ctx, after, false)
}

// ListDirs implements [core.DirRemover]. Directories behind links that are
// followed are not the tree's, so it leaves them out.
func (t *Tree) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.list(ctx, after, true)
}

func (t *Tree) list(ctx context.Context, after string, dirs bool) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		root := t.dirs.root
		d, err := root.open()
		if root.create && errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err == nil {
			err = root.verify(d)
		}
		if err != nil {
			yield(core.Entry{}, fail("list", "", err))
			return
		}
		w := t.walk(d)
		w.Dirs = dirs
		for e, err := range w.List(ctx, d, after) {
			if !yield(e, err) || listingEnded(err) {
				return
			}
		}
		// A directory that was removed lists as empty, and must not look so.
		if err := root.verify(d); err != nil {
			yield(core.Entry{}, fail("list", "", err))
		}
	}
}

// listingEnded reports whether err is an error of the whole listing.
func listingEnded(err error) bool {
	if err == nil {
		return false
	}
	_, one := core.ErrorKey(err)
	return !one
}

// walk returns a walk of the tree for one listing.
func (t *Tree) walk(root *dir) *kit.Walk[*dir, struct{}] {
	return &kit.Walk[*dir, struct{}]{
		Store:   &dirReader{dirs: t.dirs, entries: t.entries, stack: []*dir{root}},
		Name:    schemeName,
		Hidden:  t.hidden,
		Temps:   &t.temps,
		NoDirs:  func(d *dir) bool { return d.linked },
		Workers: statWorkers,
	}
}

// Keys implements [core.KeyLister]: it reads names and stats nothing. Links may
// lead anywhere, so under FollowLinks it leaves out all directories.
func (t *Tree) Keys(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		d, err := t.dirs.root.open()
		if err != nil {
			return // the listing reports it
		}
		w := t.walk(d)
		if t.dirs.links == FollowLinks {
			w.Hidden = func(string) bool { return true }
		}
		for key := range w.Keys(ctx, d) {
			if !yield(key) {
				return
			}
		}
	}
}
