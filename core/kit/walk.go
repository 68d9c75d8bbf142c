package kit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/core"
)

// An Item is one name in a directory, as [DirReader.ReadDir] returns it.
type Item[I any] struct {
	Name string
	// Dir says that it is a directory that the walk enters.
	Dir bool
	// Info is for [DirReader.Entry]: anything that reading the directory told.
	Info I
}

// A DirReader reads the directories of a store; D is an open directory. An error
// that is [fs.ErrNotExist] says that a name has gone since its directory was read,
// and the walk leaves it out. Any other error concerns that name and all names
// below it.
type DirReader[D, I any] interface {
	// ReadDir returns the names in d, in any order, without "." and "..".
	ReadDir(ctx context.Context, d D) ([]Item[I], error)
	// OpenDir opens the directory called item.Name in d, whose key is key. It never
	// follows a link that took its place.
	OpenDir(ctx context.Context, d D, key string, item *Item[I]) (D, error)
	// CloseDir is called once for each directory that OpenDir returned.
	CloseDir(d D)
	// Entry returns the entry called item.Name in d, whose key is key. If that is
	// a directory, its name is none that the walk enters (see [CheckName]), or it
	// became one, which is an error. Entry is called concurrently if Walk.Workers
	// is more than 1.
	Entry(ctx context.Context, d D, key string, item *Item[I]) (core.Entry, error)
}

// A Walk lists a store with directories in key order. A directory sorts as its
// name with a slash, because the keys below it begin so: a-b, a.txt, a/1, a0.
type Walk[D, I any] struct {
	Store DirReader[D, I]
	// Name is the tree's name in errors.
	Name string
	// Hidden is [core.Env].Hidden: directories that are not entered. It may be nil.
	Hidden func(key string) bool
	// Temps, if not nil, is told of temporary files. No listing shows them.
	Temps *Temps
	// Dirs says that directories are yielded too, as [core.DirRemover] has it.
	// NoDirs, if not nil, excepts some with all below them.
	Dirs   bool
	NoDirs func(d D) bool
	// Workers is how many calls of Entry for one large directory run at once.
	Workers int
}

const (
	batchSize = 256 // entries of a directory that are asked for together
	minBatch  = 64  // fewer are asked for one by one
)

// List yields the entries of the directory root, which stays open, as
// [core.Tree].List does. An error of root itself has no key.
func (w *Walk[D, I]) List(ctx context.Context, root D, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		l := listing[D, I]{Walk: w, ctx: ctx, after: after, dirs: w.Dirs, yield: yield}
		l.walk(root, ".")
	}
}

// Keys yields the keys that List would, as far as reading directories tells, as
// [core.KeyLister] does.
func (w *Walk[D, I]) Keys(ctx context.Context, root D) iter.Seq[string] {
	return func(yield func(string) bool) {
		l := listing[D, I]{Walk: w, ctx: ctx}
		l.keys(root, ".", yield)
	}
}

// A listing is one call of List or Keys. Those of its methods that return a bool
// report whether it goes on.
type listing[D, I any] struct {
	*Walk[D, I]
	ctx   context.Context //nolint:containedctx // It lives as long as one call.
	after string
	dirs  bool // see Walk.Dirs, here
	yield func(core.Entry, error) bool
	spare [][]result // for reuse, each by one directory at a time
}

// A result is the return of Entry for the name at key.
type result struct {
	key   string // "" if it was not asked
	entry core.Entry
	err   error
}

// walk yields the entries of d, whose key is dir.
func (l *listing[D, I]) walk(d D, dir string) bool {
	items, err := l.items(d, dir)
	if err != nil {
		return l.fail(dir, err)
	}
	ahead := l.borrow(len(items))
	defer l.giveBack(ahead)
	for i := range items {
		if err := l.ctx.Err(); err != nil {
			return l.fail(".", err)
		}
		if i%batchSize == 0 {
			ahead = l.askAhead(d, dir, items[i:min(i+batchSize, len(items))], ahead)
		}
		var r *result
		if len(ahead) > 0 {
			r = &ahead[i%batchSize]
		}
		if !l.visit(d, dir, &items[i], r) {
			return false
		}
		items[i] = Item[I]{} // frees the names of a large directory on the way
	}
	return true
}

// items returns the sorted names in d, without those of temporary files.
func (l *listing[D, I]) items(d D, dir string) ([]Item[I], error) {
	items, err := l.Store.ReadDir(l.ctx, d)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, it := range items {
		if !it.Dir && IsTemp(it.Name) {
			if l.Temps != nil {
				l.Temps.Note(Join(dir, it.Name))
			}
			continue
		}
		it.Dir = it.Dir && CheckName(it.Name, true) == nil
		items[n] = it
		n++
	}
	items = items[:n]
	slices.SortFunc(items, byKey[I])
	return items, nil
}

// byKey orders items by the keys that they stand for.
func byKey[I any](a, b Item[I]) int {
	n := min(len(a.Name), len(b.Name))
	if c := strings.Compare(a.Name[:n], b.Name[:n]); c != 0 {
		return c
	}
	return next(&a, n) - next(&b, n)
}

// next is the byte after the first n of the item's sort key, or -1.
func next[I any](it *Item[I], n int) int {
	switch {
	case n < len(it.Name):
		return int(it.Name[n])
	case it.Dir:
		return '/'
	}
	return -1
}

// visit yields the entries of one name. ahead is its entry, or nil if that is
// still to be asked for.
func (l *listing[D, I]) visit(d D, dir string, it *Item[I], ahead *result) bool {
	if ahead != nil && ahead.key != "" {
		return l.leaf(ahead.key, ahead.entry, ahead.err)
	}
	key := Join(dir, it.Name)
	if l.isBefore(key, it.Dir) {
		return true
	}
	if it.Dir {
		return l.enter(d, key, it)
	}
	e, err := l.Store.Entry(l.ctx, d, key, it)
	return l.leaf(key, e, err)
}

// leaf yields the result of Entry.
func (l *listing[D, I]) leaf(key string, e core.Entry, err error) bool {
	switch {
	case err == nil:
		return l.yield(e, nil)
	case errors.Is(err, fs.ErrNotExist):
		return true
	}
	return l.fail(key, err)
}

// isBefore reports whether neither key nor anything below it comes after
// l.after.
func (l *listing[D, I]) isBefore(key string, isDir bool) bool {
	if l.after == "" {
		return false
	}
	if !isDir {
		return key <= l.after
	}
	return key+"/" < l.after && !core.Below(l.after, key)
}

// hides reports whether the caller ignores everything in the directory at key.
func (l *listing[D, I]) hides(key string) bool { return l.Hidden != nil && l.Hidden(key+"/") }

// enter walks the directory at key, unless everything in it is hidden.
func (l *listing[D, I]) enter(d D, key string, it *Item[I]) bool {
	if l.hides(key) {
		return true
	}
	sub, err := l.Store.OpenDir(l.ctx, d, key, it)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return l.fail(key, err)
	}
	defer l.Store.CloseDir(sub)
	if l.dirs && l.NoDirs != nil && l.NoDirs(sub) {
		l.dirs = false
		defer func() { l.dirs = true }()
	}
	if l.dirs && key+"/" > l.after && !l.yield(core.DirectoryEntry(key), nil) {
		return false
	}
	return l.walk(sub, key)
}

// fail yields an error of one key, or of the root, which ends the listing.
func (l *listing[D, I]) fail(key string, err error) bool {
	if key == "." {
		l.yield(core.Entry{}, Fail("list", l.Name, "", err))
		return false
	}
	return l.yield(core.Entry{Key: key}, Fail("list", l.Name, key, err))
}

// askAhead asks for the entries of the items concurrently, so that a slow store
// has several requests to work on. It returns one result for each item, or none
// if they are too few to be worth it.
func (l *listing[D, I]) askAhead(d D, dir string, items []Item[I], results []result) []result {
	if len(items) < minBatch || l.Workers < 2 {
		return results[:0]
	}
	results = results[:len(items)]
	var wg sync.WaitGroup
	share := (len(items) + l.Workers - 1) / l.Workers
	for i := 0; i < len(items); i += share {
		end := min(i+share, len(items))
		wg.Go(func() { l.askAll(d, dir, items[i:end], results[i:end]) })
	}
	wg.Wait()
	return results
}

// askAll asks for the entries that visit will need.
func (l *listing[D, I]) askAll(d D, dir string, items []Item[I], results []result) {
	for i := range items {
		it, r := &items[i], &results[i]
		*r = result{}
		if it.Dir {
			continue
		}
		if key := Join(dir, it.Name); !l.isBefore(key, false) {
			r.key = key
			r.entry, r.err = l.Store.Entry(l.ctx, d, key, it)
		}
	}
}

// borrow returns memory for the results of a directory of n items, or nil if it
// needs none.
func (l *listing[D, I]) borrow(n int) []result {
	if n < minBatch || l.Workers < 2 {
		return nil
	}
	if last := len(l.spare) - 1; last >= 0 {
		results := l.spare[last]
		l.spare = l.spare[:last]
		return results
	}
	return make([]result, 0, batchSize)
}

func (l *listing[D, I]) giveBack(results []result) {
	if results != nil {
		l.spare = append(l.spare, results[:0])
	}
}

// keys yields the keys in d, whose key is dir. It leaves out names that cannot be
// read: List reports them.
func (l *listing[D, I]) keys(d D, dir string, yield func(string) bool) bool {
	items, err := l.items(d, dir)
	if err != nil {
		return true
	}
	for i := range items {
		if l.ctx.Err() != nil || !l.keysOf(d, Join(dir, items[i].Name), &items[i], yield) {
			return false
		}
	}
	return true
}

func (l *listing[D, I]) keysOf(d D, key string, it *Item[I], yield func(string) bool) bool {
	if !it.Dir {
		return yield(key)
	}
	if l.hides(key) {
		return true
	}
	sub, err := l.Store.OpenDir(l.ctx, d, key, it)
	if err != nil {
		return true
	}
	defer l.Store.CloseDir(sub)
	return l.keys(sub, key, yield)
}

// CheckName returns the reason why a thing of this name in a directory cannot be
// copied, or nil.
func CheckName(name string, isDir bool) error {
	if isDir && IsTemp(name) {
		return errors.New("its name is one of s3fc's temporary files")
	}
	if err := core.CheckKey(name); err != nil {
		return fmt.Errorf("its name cannot be a key: %w", err)
	}
	return nil
}

// Join returns the key of name in the directory dir, which is "." for the root.
func Join(dir, name string) string {
	if dir == "." {
		return name
	}
	return dir + "/" + name
}
