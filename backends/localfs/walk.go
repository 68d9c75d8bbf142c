package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// List implements [core.Tree]. Entries come in key order because each
// directory's names are sorted with a slash behind those of directories. An
// entry that is a File is Partial: its md5 is not known.
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		root, err := t.top(false)
		if t.create && errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err == nil {
			err = t.present(root)
		}
		if err != nil {
			yield(core.Entry{}, fail("list", "", err))
			return
		}
		w := &walker{t: t, ctx: ctx, after: after, yield: yield}
		if !w.walk(root) {
			return
		}
		// A directory that was taken away lists as empty, and must not look so.
		if err := t.present(root); err != nil {
			yield(core.Entry{}, fail("list", "", err))
		}
	}
}

// present holds that the directory that was opened is still the tree's.
func (t *Tree) present(root *dir) error {
	info, err := os.Stat(t.given)
	if err != nil {
		return rootError(t.given, err)
	}
	if !os.SameFile(info, root.info) {
		return fmt.Errorf("%w: the directory %s was replaced", core.ErrChanged, t.given)
	}
	return nil
}

// A walker is one listing. Its methods report whether the listing goes on.
type walker struct {
	t     *Tree
	ctx   context.Context //nolint:containedctx // A walker is a call, not a thing that lasts.
	after string
	yield func(core.Entry, error) bool
	above []fs.FileInfo // under FollowLinks, the directories that it is in
}

// item is one name of a directory.
type item struct {
	name   string
	isDir  bool // walked, and sorted with a slash
	looked bool // info and err hold what see said
	info   fs.FileInfo
	err    error
}

// byKey orders items by the keys that they stand for: a directory's begin with
// its name and a slash.
func byKey(a, b item) int {
	n := min(len(a.name), len(b.name))
	if c := strings.Compare(a.name[:n], b.name[:n]); c != 0 {
		return c
	}
	return a.next(n) - b.next(n)
}

// next is the byte behind the first n of the item's sort key, or -1.
func (it item) next(n int) int {
	switch {
	case n < len(it.name):
		return int(it.name[n])
	case it.isDir:
		return '/'
	}
	return -1
}

func (w *walker) walk(d *dir) bool {
	items, err := w.items(d)
	if err != nil {
		return w.trouble(d.key, err)
	}
	if w.t.links == FollowLinks {
		w.above = append(w.above, d.info)
		defer func() { w.above = w.above[:len(w.above)-1] }()
	}
	for i := range items {
		if err := w.ctx.Err(); err != nil {
			return w.trouble(".", err)
		}
		if i%ahead == 0 {
			w.lookAhead(d, items[i:min(i+ahead, len(items))])
		}
		if !w.visit(d, &items[i]) {
			return false
		}
		items[i] = item{} // a large directory is let go of on the way
	}
	return true
}

// items reads and sorts the names in d, without those of temporary files.
func (w *walker) items(d *dir) ([]item, error) {
	var items []item
	err := d.readNames(func(e fs.DirEntry) {
		it := item{name: e.Name(), isDir: e.IsDir()}
		if w.t.links == FollowLinks && e.Type()&fs.ModeSymlink != 0 {
			it.info, it.err = d.see(it.name)
			it.looked, it.isDir = true, it.err == nil && it.info.IsDir()
		}
		if !it.isDir && isTemp(it.name) {
			return
		}
		it.isDir = it.isDir && nameProblem(it.name, true) == nil
		items = append(items, it)
	})
	slices.SortFunc(items, byKey)
	return items, err
}

// visit yields what one name stands for.
func (w *walker) visit(d *dir, it *item) bool {
	key := join(d.key, it.name)
	if w.passed(key, it.isDir) {
		return true
	}
	if !it.looked {
		it.info, it.err = d.see(it.name)
	}
	switch {
	case errors.Is(it.err, fs.ErrNotExist): // it went away since the names were read
		return true
	case it.err != nil:
		return w.trouble(key, it.err)
	case it.isDir != (it.info.IsDir() && nameProblem(it.name, true) == nil):
		return w.trouble(key, fmt.Errorf("%w: it became %s", core.ErrChanged, describe(it.info.Mode())))
	case it.isDir:
		return w.enter(d, it, key)
	}
	return w.leaf(d, it, key)
}

// passed reports whether nothing at or below key follows after.
func (w *walker) passed(key string, isDir bool) bool {
	if !isDir {
		return key <= w.after
	}
	return key+"/" < w.after && !core.Below(w.after, key)
}

// leaf yields a file, a link or an Other.
func (w *walker) leaf(d *dir, it *item, key string) bool {
	e, err := w.t.look(d, it.name, it.info)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return w.trouble(key, err)
	}
	e.Partial = e.Kind == core.File
	return w.yield(e, nil)
}

// enter walks a directory.
func (w *walker) enter(d *dir, it *item, key string) bool {
	sub, err := w.open(d, it)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return w.trouble(key, err)
	}
	defer func() { _ = sub.root.Close() }() // nothing is written through it
	return w.walk(sub)
}

// open opens a directory to walk it, and under FollowLinks one behind a link,
// unless that would never end.
func (w *walker) open(d *dir, it *item) (*dir, error) {
	if w.t.links != FollowLinks {
		return d.open(it.name, it.info)
	}
	info, err := d.lstat(it.name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return d.open(it.name, info)
	}
	for _, a := range w.above {
		if os.SameFile(a, it.info) {
			return nil, errors.New("the link leads to a directory that it is in, so following it would never end")
		}
	}
	return w.t.follow(d, it.name)
}

// trouble yields an error: of one key, or of the root, which ends the listing.
func (w *walker) trouble(key string, err error) bool {
	if key == "." {
		w.yield(core.Entry{}, fail("list", "", err))
		return false
	}
	return w.yield(core.Entry{Key: key}, fail("list", key, err))
}
