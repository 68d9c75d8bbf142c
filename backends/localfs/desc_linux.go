//go:build !android && !portable

package localfs

import (
	"io"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// A desc is a file descriptor that is never used once it is closed, when its
// number may be that of another file. It is safe for concurrent use.
//
// It does without package os, which asks the network poller to watch each file
// that it opens.
type desc struct {
	mu sync.RWMutex
	fd int // -1 once it is closed
}

// use calls op with the descriptor, again as long as signals interrupt it.
func (d *desc) use(op func(fd int) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.fd < 0 {
		return fs.ErrClosed
	}
	return uninterrupted(func() error { return op(d.fd) })
}

// Close implements [io.Closer]. It waits for those who use it.
func (d *desc) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		return fs.ErrClosed
	}
	fd := d.fd
	d.fd = -1
	return unix.Close(fd)
}

func uninterrupted(op func() error) error {
	for {
		if err := op(); err != unix.EINTR { //nolint:errorlint // Nothing wraps it.
			return err
		}
	}
}

// A handle is an open file.
type handle struct{ desc }

// maxIO is the most bytes that some systems take at once.
const maxIO = 1 << 30

// Read implements [io.Reader].
func (h *handle) Read(p []byte) (n int, err error) {
	err = h.use(func(fd int) (err error) {
		n, err = unix.Read(fd, p[:min(len(p), maxIO)])
		return err
	})
	return ended(n, len(p), err)
}

// ReadAt implements [io.ReaderAt].
func (h *handle) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && err == nil {
		var some int
		err = h.use(func(fd int) (err error) {
			some, err = unix.Pread(fd, p[n:min(len(p), n+maxIO)], off+int64(n))
			return err
		})
		some, err = ended(some, len(p)-n, err)
		n += some
	}
	return n, err
}

// ended makes of what a system call says of reading want bytes what Go says.
func ended(n, want int, err error) (int, error) {
	switch {
	case err != nil:
		return 0, err
	case n == 0 && want > 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements [io.Writer].
func (h *handle) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var some int
		err = h.use(func(fd int) (err error) {
			some, err = unix.Write(fd, p[n:min(len(p), n+maxIO)])
			return err
		})
		if err == nil && some == 0 {
			err = io.ErrShortWrite
		}
		n += max(some, 0)
	}
	return n, err
}

// stat says what was opened.
func (d *desc) stat() (meta, error) {
	var st unix.Stat_t
	err := d.use(func(fd int) error { return unix.Fstat(fd, &st) })
	return metaOf(&st, err)
}

func (h *handle) chmod(mode fs.FileMode) error {
	return h.use(func(fd int) error { return unix.Fchmod(fd, uint32(mode.Perm())) })
}
