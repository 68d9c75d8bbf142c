//go:build !android && !portable

package localfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// direntBuffers are for one getdents call each.
var direntBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// names calls each for every name in d, unordered, with the type of its mode.
func (d *osDir) names(each func(name string, kind fs.FileMode)) error {
	own, err := d.reopen()
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
		if err := d.dirents((*buf)[:n], each); err != nil {
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
func (d *osDir) dirents(b []byte, each func(name string, kind fs.FileMode)) error {
	for len(b) > direntName {
		n := int(binary.NativeEndian.Uint16(b[direntLen:]))
		if n <= direntName || n > len(b) {
			return unix.EIO
		}
		name, _, _ := bytes.Cut(b[direntName:n], []byte{0})
		if kind, ok := d.direntKind(b[direntType], name); ok {
			each(string(name), kind)
		}
		b = b[n:]
	}
	return nil
}

// direntKind returns the type of a directory entry. It is not ok for "." and
// "..", and for a name that is gone by now.
func (d *osDir) direntKind(kind byte, name []byte) (fs.FileMode, bool) {
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
	m, err := d.lstat(string(name))
	return m.mode.Type(), !errors.Is(err, fs.ErrNotExist)
}
