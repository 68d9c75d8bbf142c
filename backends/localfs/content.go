package localfs

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/core"
)

// content reads a file and reports when it changes.
type content struct {
	f        *osFile
	key      string
	opened   time.Time
	info     fileInfo    // when it was opened
	off      int64       // of Read
	reported atomic.Bool // a change was reported
	checked  atomic.Bool // it was unchanged at the end of Read, and nothing was read since
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
	c.checked.Store(true)
	return n, io.EOF
}

// ReadAt implements [io.ReaderAt]. It may be called concurrently.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if c.checked.Load() {
		c.checked.Store(false)
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
	if !c.reported.Load() && !c.checked.Load() {
		changed = c.check()
	}
	err := c.f.Close()
	operations.leave()
	return errors.Join(changed, fail("read", c.key, err))
}

// check returns an error unless the file is as it was when it was opened.
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
	c.reported.Store(true)
	return fail("read", c.key, fmt.Errorf("%w: "+format, append([]any{core.ErrChanged}, args...)...))
}
