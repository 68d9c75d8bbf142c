//go:build !linux || android || portable

package localfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/s3fc/s3fc/core"
)

// A handle is an open file.
type handle struct{ *os.File }

func (h *handle) stat() (meta, error) { return metaOf(h.Stat()) }

func (h *handle) chmod(mode fs.FileMode) error { return h.Chmod(mode) }

// A folder is an open directory. What is done in it is done by base name and
// passes no link: a look goes before each step that could, and one after it
// that holds that what was opened is what was seen.
type folder struct{ *os.Root }

// openFolder opens the directory at path, which may be behind links.
func openFolder(path string) (*folder, error) { return folderOf(os.OpenRoot(path)) }

func folderOf(root *os.Root, err error) (*folder, error) {
	if err != nil {
		return nil, err
	}
	return &folder{root}, nil
}

// statPath says what is at path, behind links.
func statPath(path string) (meta, error) { return metaOf(os.Stat(path)) }

// openPath opens the file at path to read it, behind links, and does not wait
// should it be a fifo.
func openPath(path string) (*handle, error) {
	return handleOf(os.OpenFile(path, os.O_RDONLY|nonblock, 0))
}

func handleOf(f *os.File, err error) (*handle, error) {
	if err != nil {
		return nil, err
	}
	return &handle{f}, nil
}

// stat says what was opened.
func (f *folder) stat() (meta, error) { return metaOf(f.Stat(".")) }

// open opens the directory called name; what is behind a link is none. window
// is called where somebody could act between a look and the opening.
func (f *folder) open(name string, window func()) (*folder, error) {
	info, err := f.lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.mode.IsDir() {
		return nil, syscall.ENOTDIR
	}
	window()
	sub, err := folderOf(f.OpenRoot(name))
	if err != nil {
		return nil, err
	}
	own, err := sub.stat()
	if err == nil && !own.same(&info) {
		err = errReplaced
	}
	if err != nil {
		_ = sub.Close()
		return nil, err
	}
	return sub, nil
}

func (f *folder) lstat(name string) (meta, error) { return metaOf(f.Lstat(name)) }

// read opens the file called name to read it, and does not wait should it be a
// fifo. It may be behind a link: who opens it holds it against what was seen.
func (f *folder) read(name string) (*handle, error) {
	return handleOf(f.OpenFile(name, os.O_RDONLY|nonblock, 0))
}

// create makes the file called name, which must not be there.
func (f *folder) create(name string, mode fs.FileMode) (*handle, error) {
	return handleOf(f.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode))
}

func (f *folder) mkdir(name string) error { return f.Mkdir(name, 0o777) }

// rmdir removes the empty directory called name.
func (f *folder) rmdir(name string) error {
	info, err := f.lstat(name)
	if err != nil {
		return err
	}
	if !info.mode.IsDir() {
		return fmt.Errorf("%w: it is no directory any more", core.ErrChanged)
	}
	return f.Remove(name)
}

// unlink removes what is called name, unless it is a directory.
func (f *folder) unlink(name string) error {
	info, err := f.lstat(name)
	if err != nil {
		return err
	}
	if info.mode.IsDir() {
		return fmt.Errorf("%w: it became a directory", core.ErrChanged)
	}
	return f.Remove(name)
}

func (f *folder) symlink(text, name string) error { return f.Symlink(text, name) }

func (f *folder) readlink(name string) (string, error) { return f.Readlink(name) }

// link gives the file called name a second name, which must not be there.
func (f *folder) link(name, second string) error { return f.Link(name, second) }

// rename takes the place of a file or link called to, if there is one.
func (f *folder) rename(name, to string) error { return f.Rename(name, to) }

// setTime sets the modification time of what is called name.
func (f *folder) setTime(name string, mtime time.Time) error {
	return f.Chtimes(name, time.Time{}, mtime)
}

// readBelow opens the file at a path below f in one step, where a system can.
func (f *folder) readBelow(string) (*handle, error) { return nil, errors.ErrUnsupported }

// renameNew is rename where nothing must be there, where a system can.
func (f *folder) renameNew(string, string) error { return errors.ErrUnsupported }

// names calls each for everything in f, in no order, with the kind that it has.
func (f *folder) names(each func(name string, kind fs.FileMode)) error {
	file, err := f.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written
	for {
		batch, err := file.ReadDir(1024)
		for _, e := range batch {
			each(e.Name(), e.Type())
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// A device is what only package os can tell files apart by.
type device = fs.FileInfo

// same reports whether two looks were at one file.
func (m *meta) same(o *meta) bool { return os.SameFile(m.dev, o.dev) }

func metaOf(info fs.FileInfo, err error) (meta, error) {
	if err != nil {
		return meta{}, err
	}
	m := meta{mode: info.Mode(), size: info.Size(), mtime: info.ModTime(), dev: info}
	m.ino, m.ctime = inode(info)
	return m, nil
}
