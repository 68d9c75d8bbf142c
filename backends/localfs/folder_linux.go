//go:build linux && !android && !portable

package localfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// readBelow opens the file at the path below f to read it. The system itself
// passes no link on the way, and finds none at its end, so that nobody can put
// one there between two looks. It is errors.ErrUnsupported where the system
// cannot, as before Linux 5.6.
func (f *folder) readBelow(path string) (h *handle, err error) {
	how := unix.OpenHow{
		Flags:   reading | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	}
	err = f.use(func(fd int) error {
		own, err := unix.Openat2(fd, path, &how)
		if err == nil {
			h = &handle{desc{fd: own}}
		}
		return err
	})
	if err == unix.ENOSYS || err == unix.EPERM { //nolint:errorlint // Nothing wraps them; the second is a sandbox's.
		err = errors.ErrUnsupported
	}
	return h, err
}

// renameNew is rename where nothing must be there. It is errors.ErrUnsupported
// where the system, or the file system, cannot.
func (f *folder) renameNew(name, to string) error {
	err := f.at(to, func(fd int) error { return unix.Renameat2(fd, name, fd, to, unix.RENAME_NOREPLACE) })
	if err == unix.EINVAL || err == unix.ENOSYS { //nolint:errorlint // Nothing wraps them.
		return errors.ErrUnsupported
	}
	return err
}

// direntBuffers hold what the system says of names in one go.
var direntBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// names calls each for everything in f, in no order, with the kind that it has.
func (f *folder) names(each func(name string, kind fs.FileMode)) error {
	own, err := f.again()
	if err != nil {
		return err
	}
	defer func() { _ = own.Close() }() // nothing was written
	buf, _ := direntBuffers.Get().(*[]byte)
	defer direntBuffers.Put(buf)
	for {
		var n int
		err := own.use(func(fd int) (err error) {
			n, err = unix.Getdents(fd, *buf)
			return err
		})
		if err != nil || n <= 0 {
			return err
		}
		if err := f.dirents((*buf)[:n], each); err != nil {
			return err
		}
	}
}

// The layout of the kernel's struct linux_dirent64, in bytes.
const (
	direntLen  = 16
	direntType = 18
	direntName = 19
)

// dirents calls each for the entries in b.
func (f *folder) dirents(b []byte, each func(name string, kind fs.FileMode)) error {
	for len(b) > direntName {
		n := int(binary.NativeEndian.Uint16(b[direntLen:]))
		if n <= direntName || n > len(b) {
			return unix.EIO
		}
		name, _, _ := bytes.Cut(b[direntName:n], []byte{0})
		if kind, ok := f.direntKind(b[direntType], name); ok {
			each(string(name), kind)
		}
		b = b[n:]
	}
	return nil
}

// direntKind returns the kind of an entry; not ok is one that does not count,
// or that is gone by now.
func (f *folder) direntKind(kind byte, name []byte) (fs.FileMode, bool) {
	switch {
	case string(name) == ".", string(name) == "..":
		return 0, false
	case kind == unix.DT_REG:
		return 0, true
	case kind == unix.DT_DIR:
		return fs.ModeDir, true
	case kind == unix.DT_LNK:
		return fs.ModeSymlink, true
	case kind != unix.DT_UNKNOWN:
		return fs.ModeIrregular, true
	}
	m, err := f.lstat(string(name))
	return m.mode.Type(), !errors.Is(err, fs.ErrNotExist)
}
