package localfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/core"
)

// Open implements [core.Tree]. The md5 of the entry is not known. The reader is
// an [io.ReaderAt] too. It reports [core.ErrChanged] if the file changed since
// it was opened: from the Read that reaches the end, and from Close, which is
// where one learns it who read by ReadAt or stopped before the end.
func (t *Tree) Open(ctx context.Context, key string) (io.ReadCloser, core.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, core.Entry{}, fail("open", key, err)
	}
	d, name, info, err := t.find(key)
	if err != nil {
		return nil, core.Entry{}, fail("open", key, err)
	}
	defer t.release(d)
	if !info.Mode().IsRegular() {
		e, err := t.look(d, name, info)
		return nil, e, fail("open", key, err)
	}
	now := time.Now()
	c, err := t.openContent(d, name, info)
	if err != nil {
		return nil, core.Entry{}, fail("open", key, err)
	}
	e, err := t.look(d, name, c.info)
	e.Settled = t.settled(c.info, now)
	if e.Kind != core.File {
		_ = c.f.Close()
		return nil, e, fail("open", key, err)
	}
	return c, e, nil
}

// openContent opens the regular file called name in d, of which see said info,
// and holds that it is that one.
func (t *Tree) openContent(d *dir, name string, info fs.FileInfo) (*content, error) {
	t.window("open", join(d.key, name))
	f, err := t.openFile(d, name)
	if err != nil {
		return nil, err
	}
	own, err := f.Stat()
	if err == nil && !(own.Mode().IsRegular() && os.SameFile(info, own)) {
		err = fmt.Errorf("%w: another file was put in its place", core.ErrChanged)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &content{f: f, key: join(d.key, name), info: own}, nil
}

// openFile opens without waiting, should it turn out to be a fifo.
func (t *Tree) openFile(d *dir, name string) (*os.File, error) {
	if t.links == FollowLinks {
		return os.OpenFile(filepath.Join(d.path, name), os.O_RDONLY|nonblock, 0)
	}
	return d.root.OpenFile(d.actual(name), os.O_RDONLY|nonblock, 0)
}

// content reads a file and notices when it changes.
type content struct {
	f    *os.File
	key  string
	info fs.FileInfo // when it was opened
	off  int64       // of Read
	told atomic.Bool // a change was reported
}

// Read implements [io.Reader].
func (c *content) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	c.off += int64(n)
	switch end := errors.Is(err, io.EOF); {
	case err != nil && !end:
		return n, fail("read", c.key, err)
	case end && c.off < c.info.Size():
		return n, c.changed("it ends after %d of %d bytes", c.off, c.info.Size())
	case c.off > c.info.Size():
		return n, c.changed("it has more than its %d bytes", c.info.Size())
	case c.off < c.info.Size() || len(p) == 0 && !end:
		return n, nil
	}
	if err := c.check(); err != nil {
		return n, err
	}
	return n, io.EOF
}

// ReadAt implements [io.ReaderAt]. It may be called concurrently.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.f.ReadAt(p, off)
	switch end := errors.Is(err, io.EOF); {
	case err != nil && !end:
		return n, fail("read", c.key, err)
	case end && off+int64(n) < c.info.Size() && off <= c.info.Size():
		return n, c.changed("it ends after %d of %d bytes", off+int64(n), c.info.Size())
	}
	return n, err
}

// Close reports a change that no Read has reported.
func (c *content) Close() error {
	var changed error
	if !c.told.Load() {
		changed = c.check()
	}
	return errors.Join(changed, fail("read", c.key, c.f.Close()))
}

// check holds that the file is what it was when it was opened.
func (c *content) check() error {
	now, err := c.f.Stat()
	if err != nil {
		return fail("read", c.key, err)
	}
	if token(now) != token(c.info) {
		return c.changed("it was written to while it was read")
	}
	return nil
}

func (c *content) changed(format string, args ...any) error {
	c.told.Store(true)
	return fail("read", c.key, fmt.Errorf("%w: "+format, append([]any{core.ErrChanged}, args...)...))
}
