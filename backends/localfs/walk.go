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
	info, err := statPath(t.given)
	if err != nil {
		return rootError(t.given, err)
	}
	if !info.same(&root.info) {
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
	above []*dir   // under FollowLinks, the directories that it is in
	spare [][]look // for reuse, each by one directory at a time
}

// item is one name of a directory. There can be many at a time.
type item struct {
	name  string
	isDir bool // walked, and sorted with a slash
}

// look is what see says of an item.
type look struct {
	info meta
	err  error
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
		w.above = append(w.above, d)
		defer func() { w.above = w.above[:len(w.above)-1] }()
	}
	looks := w.borrow(len(items))
	defer w.giveBack(looks)
	for i := range items {
		if err := w.ctx.Err(); err != nil {
			return w.trouble(".", err)
		}
		if i%ahead == 0 {
			looks = w.lookAhead(d, items[i:min(i+ahead, len(items))], looks)
		}
		if !w.visit(d, &items[i], at(looks, i%ahead)) {
			return false
		}
		items[i] = item{} // a large directory is let go of on the way
	}
	return true
}

// items reads and sorts the names in d, without those of temporary files.
func (w *walker) items(d *dir) ([]item, error) {
	var items []item
	err := d.folder.names(func(name string, kind fs.FileMode) {
		it := item{name: name, isDir: kind.IsDir()}
		if w.t.links == FollowLinks && kind&fs.ModeSymlink != 0 {
			info, err := d.see(name)
			it.isDir = err == nil && info.mode.IsDir()
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

// visit yields what one name stands for. ahead is what was seen of it already,
// or nil.
func (w *walker) visit(d *dir, it *item, ahead *look) bool {
	key := join(d.key, it.name)
	if w.passed(key, it.isDir) {
		return true
	}
	if w.opens(it) {
		return w.enter(d, it, key)
	}
	if ahead == nil {
		info, err := d.see(it.name)
		ahead = &look{info, err}
	}
	switch info := &ahead.info; {
	case errors.Is(ahead.err, fs.ErrNotExist): // it went away since the names were read
		return true
	case ahead.err != nil:
		return w.trouble(key, ahead.err)
	case it.isDir != (info.mode.IsDir() && nameProblem(it.name, true) == nil):
		return w.trouble(key, became(info))
	case it.isDir:
		return w.enter(d, it, key)
	default:
		return w.leaf(d, it, info, key)
	}
}

// opens reports whether the item is a directory that is opened without a look:
// opening it says as much.
func (w *walker) opens(it *item) bool { return it.isDir && w.t.links != FollowLinks }

// hides reports whether nobody will look at what the directory at key holds.
func (t *Tree) hides(key string) bool { return t.hidden != nil && t.hidden(key+"/") }

func became(info *meta) error {
	return fmt.Errorf("%w: it became %s", core.ErrChanged, describe(info.mode))
}

// passed reports whether nothing at or below key follows after.
func (w *walker) passed(key string, isDir bool) bool {
	if !isDir {
		return key <= w.after
	}
	return key+"/" < w.after && !core.Below(w.after, key)
}

// leaf yields a file, a link or an Other.
func (w *walker) leaf(d *dir, it *item, info *meta, key string) bool {
	e, err := w.t.entry(d, it.name, key, info)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return w.trouble(key, err)
	}
	e.Partial = e.Kind == core.File
	return w.yield(e, nil)
}

// enter walks a directory, unless all that is in it is hidden.
func (w *walker) enter(d *dir, it *item, key string) bool {
	if w.t.hides(key) {
		return true
	}
	sub, err := w.open(d, it)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return w.trouble(key, err)
	}
	defer func() { _ = sub.folder.Close() }() // nothing is written through it
	return w.walk(sub)
}

// open opens a directory to walk it, and under FollowLinks one behind a link,
// unless that would never end.
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
	case w.t.links != FollowLinks:
		return nil, became(&info)
	}
	return w.follow(d, it.name)
}

// follow opens the directory behind a link, unless that would never end.
func (w *walker) follow(d *dir, name string) (*dir, error) {
	sub, err := w.t.follow(d, name)
	if err != nil {
		return nil, err
	}
	for _, a := range w.above {
		if a.info.same(&sub.info) {
			_ = sub.folder.Close() // nothing was written through it
			return nil, errors.New("the link leads to a directory that it is in, so following it would never end")
		}
	}
	return sub, nil
}

// trouble yields an error: of one key, or of the root, which ends the listing.
func (w *walker) trouble(key string, err error) bool {
	if key == "." {
		w.yield(core.Entry{}, fail("list", "", err))
		return false
	}
	return w.yield(core.Entry{Key: key}, fail("list", key, err))
}
