package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// A dirReader reads directories for one listing. It is a [kit.DirReader].
type dirReader struct {
	dirs    *dirs
	entries *entries
	stack   []*dir // the directories that the listing is in, from the root
}

// ReadDir implements [kit.DirReader].
func (r *dirReader) ReadDir(_ context.Context, d *dir) ([]kit.Item[struct{}], error) {
	var items []kit.Item[struct{}]
	err := r.whenFree(func() error {
		return d.handle.names(func(name string, kind fs.FileMode) {
			it := kit.Item[struct{}]{Name: name, Dir: kind.IsDir()}
			if r.dirs.links == FollowLinks && (kind&fs.ModeSymlink != 0 || d.linked && it.Dir) {
				info, err := d.stat(name)
				it.Dir = err == nil && info.mode.IsDir() && !r.isIn(&info)
			}
			items = append(items, it)
		})
	})
	return items, err
}

// Entry implements [kit.DirReader].
func (r *dirReader) Entry(_ context.Context, d *dir, key string, it *kit.Item[struct{}]) (core.Entry, error) {
	if d.lost != nil {
		return core.Entry{}, d.lost
	}
	info, err := d.stat(it.Name)
	if err != nil {
		return core.Entry{}, kit.Cause(err)
	}
	if info.mode.IsDir() && kit.CheckName(it.Name, true) == nil {
		if r.dirs.links == FollowLinks && r.isIn(&info) {
			return core.Entry{Key: key, Token: info.token(), Problem: kit.ErrEndless}, nil
		}
		return core.Entry{}, became(&info)
	}
	e, err := r.entries.withKey(d, it.Name, key, &info)
	e.Partial = e.Kind == core.File
	return e, kit.Cause(err)
}

func became(info *fileInfo) error {
	return fmt.Errorf("%w: it became %s", core.ErrChanged, kit.DescribeType(info.mode))
}

// OpenDir implements [kit.DirReader].
func (r *dirReader) OpenDir(_ context.Context, d *dir, _ string, it *kit.Item[struct{}]) (*dir, error) {
	if d.lost != nil {
		return nil, d.lost
	}
	var sub *dir
	err := r.whenFree(func() (err error) {
		sub, err = r.open(d, it.Name)
		return err
	})
	if err == nil && sub.linked && r.isIn(&sub.info) { // since its directory was read
		_ = sub.handle.Close() // nothing was written through it
		err = kit.ErrEndless
	}
	if err != nil {
		return nil, kit.Cause(err)
	}
	r.stack = append(r.stack, sub)
	return sub, nil
}

// open opens a directory, and under FollowLinks the target of a link.
func (r *dirReader) open(d *dir, name string) (*dir, error) {
	sub, err := d.openOnce(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) || isShortage(err) {
		return sub, err
	}
	info, gone := d.lstat(name)
	switch {
	case gone != nil:
		return nil, gone
	case info.mode.IsDir():
		return nil, err
	case r.dirs.links != FollowLinks:
		return nil, became(&info)
	}
	return r.dirs.follow(d, name)
}

// isIn reports whether the listing is in the directory of info.
func (r *dirReader) isIn(info *fileInfo) bool {
	return slices.ContainsFunc(r.stack, func(d *dir) bool { return d.info.same(info) })
}

// CloseDir implements [kit.DirReader]. It opens the parent directory again if that
// was closed for lack of descriptors.
func (r *dirReader) CloseDir(d *dir) {
	r.stack = r.stack[:len(r.stack)-1]
	_ = d.handle.Close() // nothing was written through it
	if parent := r.stack[len(r.stack)-1]; parent.evicted {
		parent.lost = r.reopen(parent)
	}
}

// whenFree calls open, and again if there was no free descriptor: after it has
// closed directories that it needs only later, and then when other operations
// have ended.
func (r *dirReader) whenFree(open func() error) error {
	err := open()
	for try := 1; isShortage(err) && try < shortageTries; try++ {
		if !r.evict() && !r.dirs.cache.dropIdle() {
			operations.lower()
			operations.wait()
		}
		err = open()
	}
	return transientShortage(err)
}

// evict closes a directory that the listing needs only later, and reports whether
// there was one: neither the root nor the innermost.
func (r *dirReader) evict() bool {
	for i := 1; i < len(r.stack)-1; i++ {
		if d := r.stack[i]; !d.evicted {
			d.evicted = true
			_ = d.handle.Close() // nothing was written through it
			return true
		}
	}
	return false
}

// reopen opens an evicted directory again.
func (r *dirReader) reopen(d *dir) error {
	parentKey, name := split(d.key)
	parent, err := r.dirs.open(parentKey, r.dirs.forReading())
	if err != nil {
		return kit.Cause(err)
	}
	defer r.dirs.release(parent)
	var sub *dir
	if err := r.whenFree(func() (err error) {
		sub, err = r.open(parent, name)
		return err
	}); err != nil {
		return kit.Cause(err)
	}
	if !sub.info.same(&d.info) {
		_ = sub.handle.Close() // nothing was written through it
		return errReplaced
	}
	d.handle, d.evicted = sub.handle, false
	return nil
}
