package localfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/core"
)

// Open implements [core.Tree]. The md5 of the entry is not known. The reader is
// an [io.ReaderAt] too. It reports [core.ErrChanged] if the file changed since
// it was opened: from the Read that reaches the end, and from Close, which is
// where one learns it who read by ReadAt or stopped before the end. What is
// written after a Read has reached the end is no change of what was read.
func (t *Tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, core.Entry{}, fail("open", key, err)
	}
	if c, e := t.openAtOnce(key); c != nil {
		return c, e, nil
	}
	d, name, info, err := t.find(key)
	if err != nil {
		return nil, core.Entry{}, fail("open", key, err)
	}
	defer t.release(d)
	if !info.mode.IsRegular() {
		e, err := t.look(d, name, &info)
		return nil, e, fail("open", key, err)
	}
	c, err := t.openContent(d, name, &info)
	if err != nil {
		return nil, core.Entry{}, fail("open", key, err)
	}
	e, err := t.entryOf(d, name, c)
	if e.Kind != core.File {
		_ = c.f.Close()
		return nil, e, fail("open", key, err)
	}
	return c, e, nil
}

// entryOf returns the entry that c is the content of.
func (t *Tree) entryOf(d *dir, name string, c *content) (core.Entry, error) {
	e, err := t.look(d, name, &c.info)
	e.Settled = t.settled(&c.info, c.opened)
	return e, err
}

// openAtOnce opens the file at key with no look before, where the system sees
// to it that no link is passed. It returns nil if it cannot, or if what is
// there is no file of the tree: then Open finds out more.
func (t *Tree) openAtOnce(key string) (*content, core.Entry) {
	if t.links == FollowLinks || t.hooks.plain || t.hooks.fold != nil || t.noReadBelow.Load() || !plainPath(key) || core.CheckKey(key) != nil {
		return nil, core.Entry{}
	}
	root, err := t.top(false)
	if err != nil {
		return nil, core.Entry{}
	}
	t.window("open", key)
	now := time.Now()
	f, err := root.folder.readBelow(key)
	if err != nil {
		if errors.Is(err, errors.ErrUnsupported) {
			t.noReadBelow.Store(true)
		}
		return nil, core.Entry{}
	}
	c := &content{f: f, key: key, opened: now}
	if c.info, err = f.stat(); err == nil && c.info.mode.IsRegular() && !isTemp(path.Base(key)) {
		if e, err := t.entryOf(root, key, c); err == nil && e.Kind == core.File {
			return c, e
		}
	}
	_ = f.Close() // nothing was written
	return nil, core.Entry{}
}

// openContent opens the regular file called name in d, of which see said info,
// and holds that it is that one.
func (t *Tree) openContent(d *dir, name string, info *meta) (*content, error) {
	t.window("open", join(d.key, name))
	c := &content{key: join(d.key, name), opened: time.Now()}
	var err error
	if c.f, err = t.openFile(d, name); err != nil {
		return nil, err
	}
	c.info, err = c.f.stat()
	if err == nil && !(c.info.mode.IsRegular() && info.same(&c.info)) {
		err = fmt.Errorf("%w: another file was put in its place", core.ErrChanged)
	}
	if err != nil {
		_ = c.f.Close()
		return nil, err
	}
	return c, nil
}

// openFile opens without waiting, should it turn out to be a fifo.
func (t *Tree) openFile(d *dir, name string) (*handle, error) {
	if t.links == FollowLinks {
		return openPath(filepath.Join(d.path, name))
	}
	return d.folder.read(d.actual(name))
}

// content reads a file and notices when it changes.
type content struct {
	f      *handle
	key    string
	opened time.Time
	info   meta        // when it was opened
	off    int64       // of Read
	told   atomic.Bool // a change was reported
	held   atomic.Bool // it was the same at the end of Read, and nothing was read since
}

// Read implements [io.Reader].
func (c *content) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	c.off += int64(n)
	switch end := errors.Is(err, io.EOF); {
	case err != nil && !end:
		return n, fail("read", c.key, err)
	case end && c.off < c.info.size:
		return n, c.changed("it ends after %d of %d bytes", c.off, c.info.size)
	case c.off > c.info.size:
		return n, c.changed("it has more than its %d bytes", c.info.size)
	case c.off < c.info.size || len(p) == 0 && !end:
		return n, nil
	}
	if err := c.check(); err != nil {
		return n, err
	}
	c.held.Store(true)
	return n, io.EOF
}

// ReadAt implements [io.ReaderAt]. It may be called concurrently.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if c.held.Load() {
		c.held.Store(false)
	}
	n, err := c.f.ReadAt(p, off)
	switch end := errors.Is(err, io.EOF); {
	case err != nil && !end:
		return n, fail("read", c.key, err)
	case end && off+int64(n) < c.info.size && off <= c.info.size:
		return n, c.changed("it ends after %d of %d bytes", off+int64(n), c.info.size)
	}
	return n, err
}

// Close reports a change that no Read has reported.
func (c *content) Close() error {
	var changed error
	if !c.told.Load() && !c.held.Load() {
		changed = c.check()
	}
	return errors.Join(changed, fail("read", c.key, c.f.Close()))
}

// check holds that the file is what it was when it was opened.
func (c *content) check() error {
	now, err := c.f.stat()
	if err != nil {
		return fail("read", c.key, err)
	}
	if !now.unchanged(&c.info) {
		return c.changed("it was written to while it was read")
	}
	return nil
}

func (c *content) changed(format string, args ...any) error {
	c.told.Store(true)
	return fail("read", c.key, fmt.Errorf("%w: "+format, append([]any{core.ErrChanged}, args...)...))
}
