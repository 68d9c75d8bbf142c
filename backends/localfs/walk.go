package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// List implements [core.Tree]. Entries come in key order because the names of
// each directory are sorted with a slash after those of directories. A File is
// Partial: its md5 is not known.
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
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
		w := t.newWalker(ctx, after, yield)
		if !w.walk(d) {
			return
		}
		// A directory that was removed lists as empty, and must not look so.
		if err := root.verify(d); err != nil {
			yield(core.Entry{}, fail("list", "", err))
		}
	}
}

// A walker is one listing. Those of its methods that return a bool report
// whether the listing goes on.
type walker struct {
	dirs    *dirs
	entries *entries
	hidden  func(key string) bool
	temps   *kit.Temps      // that it comes across
	ctx     context.Context //nolint:containedctx // It lives as long as one call.
	after   string
	yield   func(core.Entry, error) bool
	parents []*dir         // under FollowLinks, the directories that it is in
	spare   [][]statResult // for reuse, each by one directory at a time
}

func (t *Tree) newWalker(ctx context.Context, after string, yield func(core.Entry, error) bool) *walker {
	return &walker{dirs: t.dirs, entries: t.entries, hidden: t.hidden, temps: &t.temps, ctx: ctx, after: after, yield: yield}
}

// An item is one name of a directory. There can be many at a time.
type item struct {
	name  string
	isDir bool // it is walked, and sorted with a slash
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

// next is the byte after the first n of the item's sort key, or -1.
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
		return w.fail(d.key, err)
	}
	if w.dirs.links == FollowLinks {
		w.parents = append(w.parents, d)
		defer func() { w.parents = w.parents[:len(w.parents)-1] }()
	}
	ahead := w.borrow(len(items))
	defer w.giveBack(ahead)
	for i := range items {
		if err := w.ctx.Err(); err != nil {
			return w.fail(".", err)
		}
		if i%statBatch == 0 {
			ahead = w.statAhead(d, items[i:min(i+statBatch, len(items))], ahead)
		}
		if !w.visit(d, &items[i], resultOf(ahead, i%statBatch)) {
			return false
		}
		items[i] = item{} // frees the names of a large directory on the way
	}
	return true
}

// items reads and sorts the names in d, without those of temporary files.
func (w *walker) items(d *dir) ([]item, error) {
	var items []item
	err := d.handle.names(func(name string, kind fs.FileMode) {
		it := item{name: name, isDir: kind.IsDir()}
		if w.dirs.links == FollowLinks && kind&fs.ModeSymlink != 0 {
			info, err := d.stat(name)
			it.isDir = err == nil && info.mode.IsDir()
		}
		if !it.isDir && kit.IsTemp(it.name) {
			w.temps.Note(join(d.key, it.name))
			return
		}
		it.isDir = it.isDir && nameProblem(it.name, true) == nil
		items = append(items, it)
	})
	slices.SortFunc(items, byKey)
	return items, err
}

// visit yields the entries of one name. ahead is its stat, or nil if that is
// still to be asked for.
func (w *walker) visit(d *dir, it *item, ahead *statResult) bool {
	key := join(d.key, it.name)
	if w.isBefore(key, it.isDir) {
		return true
	}
	if w.needsNoStat(it) {
		return w.enter(d, it, key)
	}
	if ahead == nil {
		info, err := d.stat(it.name)
		ahead = &statResult{info, err}
	}
	switch info := &ahead.info; {
	case errors.Is(ahead.err, fs.ErrNotExist): // it was removed since the names were read
		return true
	case ahead.err != nil:
		return w.fail(key, ahead.err)
	case it.isDir != (info.mode.IsDir() && nameProblem(it.name, true) == nil):
		return w.fail(key, became(info))
	case it.isDir:
		return w.enter(d, it, key)
	default:
		return w.leaf(d, it, info, key)
	}
}

// needsNoStat reports whether the item is a directory that opening tells enough
// of.
func (w *walker) needsNoStat(it *item) bool { return it.isDir && w.dirs.links != FollowLinks }

// hides reports whether the caller ignores everything in the directory at key.
func (w *walker) hides(key string) bool { return w.hidden != nil && w.hidden(key+"/") }

func became(info *fileInfo) error {
	return fmt.Errorf("%w: it became %s", core.ErrChanged, describe(info.mode))
}

// isBefore reports whether neither key nor anything below it comes after
// w.after.
func (w *walker) isBefore(key string, isDir bool) bool {
	if !isDir {
		return key <= w.after
	}
	return key+"/" < w.after && !core.Below(w.after, key)
}

// leaf yields a file, a link or an Other.
func (w *walker) leaf(d *dir, it *item, info *fileInfo, key string) bool {
	e, err := w.entries.withKey(d, it.name, key, info)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return w.fail(key, err)
	}
	e.Partial = e.Kind == core.File
	return w.yield(e, nil)
}

// enter walks a directory, unless everything in it is hidden.
func (w *walker) enter(d *dir, it *item, key string) bool {
	if w.hides(key) {
		return true
	}
	sub, err := w.open(d, it)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return w.fail(key, err)
	}
	defer func() { _ = sub.handle.Close() }() // nothing is written through it
	return w.walk(sub)
}

// open opens a directory to walk it, and under FollowLinks the target of a link.
func (w *walker) open(d *dir, it *item) (*dir, error) {
	sub, err := d.open(it.name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return sub, err
	}
	info, gone := d.lstat(it.name)
	switch {
	case gone != nil:
		return nil, gone
	case info.mode.IsDir():
		return nil, err
	case w.dirs.links != FollowLinks:
		return nil, became(&info)
	}
	return w.follow(d, it.name)
}

// follow opens the directory that a link leads to, unless the walk is in it.
func (w *walker) follow(d *dir, name string) (*dir, error) {
	sub, err := w.dirs.follow(d, name)
	if err != nil {
		return nil, err
	}
	for _, parent := range w.parents {
		if parent.info.same(&sub.info) {
			_ = sub.handle.Close() // nothing was written through it
			return nil, errors.New("the link leads to a directory that it is in, so following it would never end")
		}
	}
	return sub, nil
}

// fail yields an error of one key, or of the root, which ends the listing.
func (w *walker) fail(key string, err error) bool {
	if key == "." {
		w.yield(core.Entry{}, fail("list", "", err))
		return false
	}
	return w.yield(core.Entry{Key: key}, fail("list", key, err))
}
