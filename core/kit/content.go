package kit

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
)

// A File is an open file, as a store has it.
type File interface {
	io.Reader
	io.ReaderAt
	io.Closer
}

// Content is the reader that [core.Tree].Open returns for a file. It reports
// [core.ErrChanged], and never a plain end, if the file changed since it was
// opened: from the Read that reaches the end, and from Close, for callers that use
// ReadAt or stop before the end. A write after a Read has reached the end is not
// reported.
type Content struct {
	// File is read. Close closes it.
	File File
	// Tree and Key are those of errors.
	Tree, Key string
	// Size is the size of the file in bytes when it was opened.
	Size int64
	// Unchanged reports whether the file is as it was when it was opened.
	Unchanged func() (bool, error)
	// Closed, if not nil, is called once by Close.
	Closed func()

	off      int64       // of Read
	reported atomic.Bool // a change was reported
	checked  atomic.Bool // it was unchanged at the end of Read, and nothing was read since
}

// Read implements [io.Reader].
func (c *Content) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	c.off += int64(n)
	switch end := errors.Is(err, io.EOF); {
	case err != nil && !end:
		return n, c.fail(err)
	case end && c.off < c.Size:
		return n, c.changed("it ends after %d of %d bytes", c.off, c.Size)
	case c.off > c.Size:
		return n, c.changed("it has more than its %d bytes", c.Size)
	case c.off < c.Size || len(p) == 0 && !end:
		return n, nil
	}
	if err := c.check(); err != nil {
		return n, err
	}
	c.checked.Store(true)
	return n, io.EOF
}

// ReadAt implements [io.ReaderAt]. It may be called concurrently.
func (c *Content) ReadAt(p []byte, off int64) (int, error) {
	if c.checked.Load() {
		c.checked.Store(false)
	}
	n, err := c.File.ReadAt(p, off)
	switch end := errors.Is(err, io.EOF); {
	case err != nil && !end:
		return n, c.fail(err)
	case end && off+int64(n) < c.Size && off <= c.Size:
		return n, c.changed("it ends after %d of %d bytes", off+int64(n), c.Size)
	}
	return n, err
}

// Close reports a change that no Read has reported.
func (c *Content) Close() error {
	var changed error
	if !c.reported.Load() && !c.checked.Load() {
		changed = c.check()
	}
	err := c.fail(c.File.Close())
	if c.Closed != nil {
		c.Closed()
	}
	return errors.Join(changed, err)
}

// check returns an error unless the file is as it was when it was opened.
func (c *Content) check() error {
	same, err := c.Unchanged()
	if err != nil {
		return c.fail(err)
	}
	if !same {
		return c.changed("it was written to while it was read")
	}
	return nil
}

func (c *Content) changed(format string, args ...any) error {
	c.reported.Store(true)
	return c.fail(fmt.Errorf("%w: "+format, append([]any{core.ErrChanged}, args...)...))
}

func (c *Content) fail(err error) error { return Fail("read", c.Tree, c.Key, err) }
