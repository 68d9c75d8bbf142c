//go:build !android && !portable

package localfs

import (
	"io"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// A descriptor is a file descriptor that is never used after it was closed,
// when its number may be another file's. It is safe for concurrent use.
//
// Package os is not used because it registers each file that it opens with the
// network poller.
type descriptor struct {
	mu sync.RWMutex
	fd int // -1 once it is closed
}

// use calls op with the descriptor, and again while signals interrupt it.
func (d *descriptor) use(op func(fd int) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.fd < 0 {
		return fs.ErrClosed
	}
	return uninterrupted(func() error { return op(d.fd) })
}

// Close implements [io.Closer]. It waits for calls that use the descriptor.
func (d *descriptor) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		return fs.ErrClosed
	}
	fd := d.fd
	d.fd = -1
	return unix.Close(fd)
}

// uninterrupted repeats op while signals interrupt it.
func uninterrupted(op func() error) error {
	for {
		if err := op(); err != unix.EINTR { //nolint:errorlint // Nothing wraps it.
			return err
		}
	}
}

// An osFile is an open file.
type osFile struct{ descriptor }

// maxIO is the number of bytes for one read or write; some systems take no more.
const maxIO = 1 << 30

// Read implements [io.Reader].
func (f *osFile) Read(p []byte) (n int, err error) {
	err = f.use(func(fd int) (err error) {
		n, err = unix.Read(fd, p[:min(len(p), maxIO)])
		return err
	})
	return readResult(n, len(p), err)
}

// ReadAt implements [io.ReaderAt].
func (f *osFile) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && err == nil {
		var some int
		err = f.use(func(fd int) (err error) {
			some, err = unix.Pread(fd, p[n:min(len(p), n+maxIO)], off+int64(n))
			return err
		})
		some, err = readResult(some, len(p)-n, err)
		n += some
	}
	return n, err
}

// readResult turns the result of a system call that was to read want bytes into
// that of an [io.Reader].
func readResult(n, want int, err error) (int, error) {
	switch {
	case err != nil:
		return 0, err
	case n == 0 && want > 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements [io.Writer].
func (f *osFile) Write(p []byte) (int, error) {
	return f.writeAll(p, func(fd int, p []byte, _ int) (int, error) { return unix.Write(fd, p) })
}

// WriteAt implements [io.WriterAt].
func (f *osFile) WriteAt(p []byte, off int64) (int, error) {
	return f.writeAll(p, func(fd int, p []byte, done int) (int, error) { return unix.Pwrite(fd, p, off+int64(done)) })
}

// writeAll calls write, which is told how much is done, until all of p is written.
func (f *osFile) writeAll(p []byte, write func(fd int, p []byte, done int) (int, error)) (n int, err error) {
	for n < len(p) && err == nil {
		var some int
		err = f.use(func(fd int) (err error) {
			some, err = write(fd, p[n:min(len(p), n+maxIO)], n)
			return err
		})
		if err == nil && some == 0 {
			err = io.ErrShortWrite
		}
		n += max(some, 0)
	}
	return n, err
}

// stat returns the state of the open file or directory.
func (d *descriptor) stat() (fileInfo, error) {
	var st unix.Stat_t
	err := d.use(func(fd int) error { return unix.Fstat(fd, &st) })
	return fileInfoOf(&st, err)
}

func (f *osFile) chmod(mode fs.FileMode) error {
	return f.use(func(fd int) error { return unix.Fchmod(fd, uint32(mode.Perm())) })
}
