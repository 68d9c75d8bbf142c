//go:build !android && !portable

package localfs

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// An osDir is an open directory. Its methods take base names and never follow a
// symbolic link of that name.
type osDir struct{ descriptor }

// openOSDir opens the directory at path, following links.
func openOSDir(path string) (*osDir, error) { return openOSDirAt(unix.AT_FDCWD, path, 0) }

func openOSDirAt(dir int, name string, flags int) (*osDir, error) {
	fd, err := openAt(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|flags, 0)
	if err != nil {
		return nil, err
	}
	return &osDir{descriptor{fd: fd}}, nil
}

func openAt(dir int, name string, flags int, mode fs.FileMode) (fd int, err error) {
	err = uninterrupted(func() (err error) {
		fd, err = unix.Openat(dir, name, flags|unix.O_CLOEXEC, uint32(mode.Perm()))
		return err
	})
	return fd, err
}

// statPath returns the state of the thing at path, following links.
func statPath(path string) (fileInfo, error) {
	var st unix.Stat_t
	err := uninterrupted(func() error { return unix.Stat(path, &st) })
	return fileInfoOf(&st, err)
}

// lstatPath returns the state of the thing at path itself.
func lstatPath(path string) (fileInfo, error) {
	var st unix.Stat_t
	err := uninterrupted(func() error { return unix.Lstat(path, &st) })
	return fileInfoOf(&st, err)
}

// openPath opens the file at path for reading, following links. It does not
// block on a fifo.
func openPath(path string) (*osFile, error) {
	fd, err := openAt(unix.AT_FDCWD, path, readFlags, 0)
	if err != nil {
		return nil, err
	}
	return &osFile{descriptor{fd: fd}}, nil
}

// readFlags open a file for reading, without blocking on a fifo and without
// making a terminal the controlling one.
const readFlags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY

// useFor calls op with the descriptor if name is a base name.
func (d *osDir) useFor(name string, op func(fd int) error) error {
	if name == "" || name == "." || name == ".." || strings.IndexByte(name, '/') >= 0 {
		return fs.ErrInvalid
	}
	return d.use(op)
}

// open opens the directory called name, which must not be a link. beforeOpen is
// called where another process could replace it unseen.
func (d *osDir) open(name string, beforeOpen func()) (sub *osDir, err error) {
	beforeOpen()
	err = d.useFor(name, func(fd int) (err error) {
		sub, err = openOSDirAt(fd, name, unix.O_NOFOLLOW)
		return err
	})
	return sub, err
}

func (d *osDir) lstat(name string) (fileInfo, error) {
	var st unix.Stat_t
	err := d.useFor(name, func(fd int) error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return fileInfoOf(&st, err)
}

// read opens the file called name for reading. It does not block on a fifo.
func (d *osDir) read(name string) (*osFile, error) { return d.openFile(name, readFlags, 0) }

// create makes the file called name; it is an error if the name is taken. It can be
// read, too, where its md5 is taken again.
func (d *osDir) create(name string, mode fs.FileMode) (*osFile, error) {
	return d.openFile(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, mode)
}

func (d *osDir) openFile(name string, flags int, mode fs.FileMode) (f *osFile, err error) {
	err = d.useFor(name, func(fd int) error {
		own, err := openAt(fd, name, flags|unix.O_NOFOLLOW, mode)
		if err == nil {
			f = &osFile{descriptor{fd: own}}
		}
		return err
	})
	return f, err
}

func (d *osDir) mkdir(name string) error {
	return d.useFor(name, func(fd int) error { return unix.Mkdirat(fd, name, 0o777) })
}

// rmdir removes the empty directory called name, and nothing but a directory.
func (d *osDir) rmdir(name string) error {
	return d.useFor(name, func(fd int) error { return unix.Unlinkat(fd, name, unix.AT_REMOVEDIR) })
}

// unlink removes the file or link called name; it refuses a directory.
func (d *osDir) unlink(name string) error {
	return d.useFor(name, func(fd int) error { return unix.Unlinkat(fd, name, 0) })
}

func (d *osDir) symlink(text, name string) error {
	return d.useFor(name, func(fd int) error { return unix.Symlinkat(text, fd, name) })
}

func (d *osDir) readlink(name string) (text string, err error) {
	err = d.useFor(name, func(fd int) (err error) {
		text, err = readlinkAt(fd, name)
		return err
	})
	return text, err
}

// readlinkPath returns the text of the link at path.
func readlinkPath(path string) (text string, err error) {
	err = uninterrupted(func() (err error) {
		text, err = readlinkAt(unix.AT_FDCWD, path)
		return err
	})
	return text, err
}

func readlinkAt(fd int, name string) (string, error) {
	for size := 256; ; size *= 2 {
		b := make([]byte, size)
		n, err := unix.Readlinkat(fd, name, b)
		if err != nil || n < size {
			return string(b[:max(n, 0)]), err
		}
	}
}

// link gives the file called name a second name; it is an error if that is
// taken.
func (d *osDir) link(name, second string) error {
	return d.useFor(second, func(fd int) error { return unix.Linkat(fd, name, fd, second, 0) })
}

// rename renames name to to, replacing a file or link of that name.
func (d *osDir) rename(name, to string) error {
	return d.useFor(to, func(fd int) error { return unix.Renameat(fd, name, fd, to) })
}

// readBelow opens the file at the path below d for reading. The kernel refuses
// links anywhere on the path, so none can be put there between two calls. It
// is errors.ErrUnsupported on a kernel without openat2, as before Linux 5.6.
func (d *osDir) readBelow(path string) (f *osFile, err error) {
	how := unix.OpenHow{
		Flags:   readFlags | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_LARGEFILE,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	}
	err = d.use(func(fd int) error {
		own, err := unix.Openat2(fd, path, &how)
		if err == nil {
			f = &osFile{descriptor{fd: own}}
		}
		return err
	})
	if noSuchCall(err) {
		err = errors.ErrUnsupported
	}
	return f, err
}

// noSuchCall reports whether the kernel does not know a system call, or a
// sandbox forbids it. An EPERM that is about the file shows again in the call
// that is made instead.
func noSuchCall(err error) bool { return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) }

// renameNew renames name to to; it is an error if that is taken. It is
// errors.ErrUnsupported if the system, or the file system, has no such call.
func (d *osDir) renameNew(name, to string) error {
	err := d.useFor(to, func(fd int) error { return unix.Renameat2(fd, name, fd, to, unix.RENAME_NOREPLACE) })
	if noSuchCall(err) || errors.Is(err, unix.EINVAL) {
		return errors.ErrUnsupported
	}
	return err
}

// setTime sets the modification time of name. It does nothing if this machine
// cannot express the time, as one of 32 bits from 2038 on.
func (d *osDir) setTime(name string, mtime time.Time) error {
	at, err := unix.TimeToTimespec(mtime)
	if err != nil {
		return nil //nolint:nilerr // The file is whole without it.
	}
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, at}
	return d.useFor(name, func(fd int) error { return unix.UtimesNanoAt(fd, name, times, unix.AT_SYMLINK_NOFOLLOW) })
}

// reopen opens d once more: the position of a listing belongs to one reader.
func (d *osDir) reopen() (own *osDir, err error) {
	err = d.use(func(fd int) (err error) {
		own, err = openOSDirAt(fd, ".", 0)
		return err
	})
	return own, err
}

// A device tells files of one inode number apart.
type device = uint64

// same reports whether m and o are of one file.
func (m *fileInfo) same(o *fileInfo) bool { return m.dev == o.dev && m.ino == o.ino }

// fileInfoOf returns the result of a system call that filled st.
func fileInfoOf(st *unix.Stat_t, err error) (fileInfo, error) {
	if err != nil {
		return fileInfo{}, err
	}
	sec, nsec := st.Mtim.Unix()
	return fileInfo{
		mode: modeOf(uint32(st.Mode)), size: st.Size, mtime: time.Unix(sec, nsec), ctime: st.Ctim.Nano(),
		ino: uint64(st.Ino), dev: uint64(st.Dev), //nolint:unconvert // Their types differ between machines.
	}, nil
}

var kinds = map[uint32]fs.FileMode{
	unix.S_IFREG:  0,
	unix.S_IFDIR:  fs.ModeDir,
	unix.S_IFLNK:  fs.ModeSymlink,
	unix.S_IFIFO:  fs.ModeNamedPipe,
	unix.S_IFSOCK: fs.ModeSocket,
	unix.S_IFBLK:  fs.ModeDevice,
	unix.S_IFCHR:  fs.ModeDevice | fs.ModeCharDevice,
}

// modeOf converts the system's mode.
func modeOf(mode uint32) fs.FileMode {
	kind, ok := kinds[mode&unix.S_IFMT]
	if !ok {
		kind = fs.ModeIrregular
	}
	return kind | fs.FileMode(mode)&os.ModePerm
}
