package localfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// Open implements [core.Tree]. The md5 of the entry is not known. The reader is
// an [io.ReaderAt] too. It reports [core.ErrChanged] if the file changed since
// it was opened: from the Read that reaches the end, and from Close, for callers
// that use ReadAt or stop before the end. A write after a Read has reached the
// end is not reported.
func (t *Tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, core.Entry{}, fail("open", key, err)
	}
	var c *content
	var e core.Entry
	err := operations.do(func() (err error) {
		c, e, err = t.opener.open(key)
		return err
	})
	if err != nil {
		return nil, core.Entry{}, fail("open", key, err)
	}
	if c == nil {
		return nil, e, nil
	}
	operations.stay()
	c.Closed = operations.leave
	return c, e, nil
}

// An opener opens the files of a tree for reading.
type opener struct {
	dirs    *dirs
	entries *entries
}

// open returns the entry at key and, if it is a file, its content.
func (o *opener) open(key string) (*content, core.Entry, error) {
	if c, e, err := o.openDirectly(key); c != nil || err != nil {
		return c, e, err
	}
	d, name, info, err := o.entries.locate(key)
	if err != nil {
		return nil, core.Entry{}, err
	}
	defer o.dirs.release(d)
	if !info.mode.IsRegular() {
		e, err := o.entries.at(d, name, &info)
		return nil, e, err
	}
	c, err := o.openContent(d, name, &info)
	if err != nil {
		return nil, core.Entry{}, err
	}
	e, err := o.entryOf(d, name, c)
	if e.Kind != core.File {
		_ = c.f.Close()
		return nil, e, err
	}
	return c, e, nil
}

// entryOf returns the entry that c is the content of.
func (o *opener) entryOf(d *dir, name string, c *content) (core.Entry, error) {
	e, err := o.entries.at(d, name, &c.info)
	e.Settled = o.entries.settled(&c.info, c.opened)
	return e, err
}

// openDirectly opens the file at key in one system call that refuses links on
// the way. The error is fs.ErrNotExist if nothing is there. It returns nil and no
// error if the system has no such call, or if the thing there is no file of the
// tree; open then finds the reason.
func (o *opener) openDirectly(key string) (*content, core.Entry, error) {
	t := o.dirs
	if t.links == FollowLinks || t.hooks.plain || t.hooks.fold != nil || t.noReadBelow.Load() || !plainPath(key) || core.CheckKey(key) != nil {
		return nil, core.Entry{}, nil
	}
	root, err := t.root.open()
	if err != nil {
		return nil, core.Entry{}, nil //nolint:nilerr // open finds it again.
	}
	t.hooks.reach("open", key)
	now := time.Now()
	var f *osFile
	err = t.orUnused(func() (err error) {
		f, err = root.handle.readBelow(key)
		return err
	})
	switch {
	case isShortage(err):
		return nil, core.Entry{}, err
	case errors.Is(err, fs.ErrNotExist):
		return nil, core.Entry{}, fs.ErrNotExist
	case errors.Is(err, errors.ErrUnsupported):
		t.noReadBelow.Store(true)
	}
	if err != nil {
		return nil, core.Entry{}, nil
	}
	c, err := newContent(f, key, now)
	if err != nil {
		return nil, core.Entry{}, nil //nolint:nilerr // open finds it again.
	}
	if c.info.mode.IsRegular() && !kit.IsTemp(path.Base(key)) {
		if e, err := o.entryOf(root, key, c); err == nil && e.Kind == core.File {
			return c, e, nil
		}
	}
	_ = f.Close() // nothing was written
	return nil, core.Entry{}, nil
}

// openContent opens the regular file called name in d, whose stat was info. It
// is ErrChanged if another file is there by now.
func (o *opener) openContent(d *dir, name string, info *fileInfo) (*content, error) {
	key := join(d.key, name)
	o.dirs.hooks.reach("open", key)
	now := time.Now()
	f, err := o.openFile(d, name)
	if err != nil {
		return nil, err
	}
	c, err := newContent(f, key, now)
	if err != nil {
		return nil, err
	}
	if !c.info.mode.IsRegular() || !info.same(&c.info) {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("%w: another file was put in its place", core.ErrChanged)
	}
	return c, nil
}

// openFile opens a file. It does not block if that became a fifo.
func (o *opener) openFile(d *dir, name string) (f *osFile, err error) {
	err = o.dirs.orUnused(func() (err error) {
		if o.dirs.links == FollowLinks {
			f, err = openPath(filepath.Join(d.path, name))
		} else {
			f, err = d.handle.read(d.actual(name))
		}
		return err
	})
	return f, err
}
