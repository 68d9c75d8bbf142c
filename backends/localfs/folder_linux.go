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

// A folder is an open directory. What is done in it is done by base name and
// passes no link: not one that has this name either.
type folder struct{ desc }

// openFolder opens the directory at path, which may be behind links.
func openFolder(path string) (*folder, error) { return folderAt(unix.AT_FDCWD, path, 0) }

func folderAt(dir int, name string, flags int) (*folder, error) {
	fd, err := openAt(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|flags, 0)
	if err != nil {
		return nil, err
	}
	return &folder{desc{fd: fd}}, nil
}

func openAt(dir int, name string, flags int, mode fs.FileMode) (fd int, err error) {
	err = uninterrupted(func() (err error) {
		fd, err = unix.Openat(dir, name, flags|unix.O_CLOEXEC, uint32(mode.Perm()))
		return err
	})
	return fd, err
}

// statPath says what is at path, behind links.
func statPath(path string) (meta, error) {
	var st unix.Stat_t
	err := uninterrupted(func() error { return unix.Stat(path, &st) })
	return metaOf(&st, err)
}

// openPath opens the file at path to read it, behind links, and does not wait
// should it be a fifo.
func openPath(path string) (*handle, error) {
	fd, err := openAt(unix.AT_FDCWD, path, reading, 0)
	if err != nil {
		return nil, err
	}
	return &handle{desc{fd: fd}}, nil
}

// reading opens a file without waiting for the other end of a fifo, and without
// making a terminal the program's.
const reading = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY

// at calls op with the descriptor, for what is called name in f.
func (f *folder) at(name string, op func(fd int) error) error {
	if name == "" || name == "." || name == ".." || strings.IndexByte(name, '/') >= 0 {
		return fs.ErrInvalid
	}
	return f.use(op)
}

// open opens the directory called name; what is behind a link is none. window
// is called where somebody could act between a look and the opening.
func (f *folder) open(name string, window func()) (sub *folder, err error) {
	window()
	err = f.at(name, func(fd int) (err error) {
		sub, err = folderAt(fd, name, unix.O_NOFOLLOW)
		return err
	})
	return sub, err
}

func (f *folder) lstat(name string) (meta, error) {
	var st unix.Stat_t
	err := f.at(name, func(fd int) error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return metaOf(&st, err)
}

// read opens the file called name to read it, and does not wait should it be a
// fifo.
func (f *folder) read(name string) (*handle, error) { return f.handle(name, reading, 0) }

// create makes the file called name, which must not be there.
func (f *folder) create(name string, mode fs.FileMode) (*handle, error) {
	return f.handle(name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, mode)
}

func (f *folder) handle(name string, flags int, mode fs.FileMode) (h *handle, err error) {
	err = f.at(name, func(fd int) error {
		own, err := openAt(fd, name, flags|unix.O_NOFOLLOW, mode)
		if err == nil {
			h = &handle{desc{fd: own}}
		}
		return err
	})
	return h, err
}

func (f *folder) mkdir(name string) error {
	return f.at(name, func(fd int) error { return unix.Mkdirat(fd, name, 0o777) })
}

// rmdir removes the empty directory called name, and nothing that is none.
func (f *folder) rmdir(name string) error {
	return f.at(name, func(fd int) error { return unix.Unlinkat(fd, name, unix.AT_REMOVEDIR) })
}

// unlink removes what is called name, unless it is a directory.
func (f *folder) unlink(name string) error {
	return f.at(name, func(fd int) error { return unix.Unlinkat(fd, name, 0) })
}

func (f *folder) symlink(text, name string) error {
	return f.at(name, func(fd int) error { return unix.Symlinkat(text, fd, name) })
}

func (f *folder) readlink(name string) (text string, err error) {
	err = f.at(name, func(fd int) error {
		for size := 256; ; size *= 2 {
			b := make([]byte, size)
			n, err := unix.Readlinkat(fd, name, b)
			if err != nil || n < size {
				text = string(b[:max(n, 0)])
				return err
			}
		}
	})
	return text, err
}

// link gives the file called name a second name, which must not be there.
func (f *folder) link(name, second string) error {
	return f.at(second, func(fd int) error { return unix.Linkat(fd, name, fd, second, 0) })
}

// rename takes the place of a file or link called to, if there is one.
func (f *folder) rename(name, to string) error {
	return f.at(to, func(fd int) error { return unix.Renameat(fd, name, fd, to) })
}

// readBelow opens the file at the path below f to read it. The system itself
// passes no link on the way, and finds none at its end, so that nobody can put
// one there between two looks. It is errors.ErrUnsupported where the system
// cannot, as before Linux 5.6.
func (f *folder) readBelow(path string) (h *handle, err error) {
	how := unix.OpenHow{
		Flags:   reading | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_LARGEFILE,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	}
	err = f.use(func(fd int) error {
		own, err := unix.Openat2(fd, path, &how)
		if err == nil {
			h = &handle{desc{fd: own}}
		}
		return err
	})
	if cannot(err) {
		err = errors.ErrUnsupported
	}
	return h, err
}

// cannot reports whether the kernel does not know a call, or a sandbox forbids
// it. If it is what was asked for that is forbidden, whoever asks in another way
// learns that.
func cannot(err error) bool { return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) }

// renameNew is rename where nothing must be there. It is errors.ErrUnsupported
// where the system, or the file system, cannot.
func (f *folder) renameNew(name, to string) error {
	err := f.at(to, func(fd int) error { return unix.Renameat2(fd, name, fd, to, unix.RENAME_NOREPLACE) })
	if cannot(err) || errors.Is(err, unix.EINVAL) {
		return errors.ErrUnsupported
	}
	return err
}

// setTime sets the modification time of what is called name, unless this
// machine has no number for it, as one of 32 bits from 2038 on.
func (f *folder) setTime(name string, mtime time.Time) error {
	at, err := unix.TimeToTimespec(mtime)
	if err != nil {
		return nil //nolint:nilerr // The file is whole without it.
	}
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, at}
	return f.at(name, func(fd int) error { return unix.UtimesNanoAt(fd, name, times, unix.AT_SYMLINK_NOFOLLOW) })
}

// again opens f once more: a place to read names from is one reader's.
func (f *folder) again() (own *folder, err error) {
	err = f.use(func(fd int) (err error) {
		own, err = folderAt(fd, ".", 0)
		return err
	})
	return own, err
}

// A device tells files with one inode apart.
type device = uint64

// same reports whether two looks were at one file.
func (m *meta) same(o *meta) bool { return m.dev == o.dev && m.ino == o.ino }

// metaOf is what a system call said, unless it failed.
func metaOf(st *unix.Stat_t, err error) (meta, error) {
	if err != nil {
		return meta{}, err
	}
	sec, nsec := st.Mtim.Unix()
	return meta{
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

// modeOf is the system's mode as Go has it.
func modeOf(mode uint32) fs.FileMode {
	kind, ok := kinds[mode&unix.S_IFMT]
	if !ok {
		kind = fs.ModeIrregular
	}
	return kind | fs.FileMode(mode)&os.ModePerm
}
