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

// An osFile is an open file.
type osFile struct{ *os.File }

func (f *osFile) stat() (fileInfo, error) { return fileInfoOf(f.Stat()) }

func (f *osFile) chmod(mode fs.FileMode) error { return f.Chmod(mode) }

// An osDir is an open directory. Its methods take base names and never follow a
// symbolic link of that name: they lstat before each step that could, and
// compare the opened file with the result after it.
type osDir struct{ *os.Root }

// openOSDir opens the directory at path, following links.
func openOSDir(path string) (*osDir, error) { return osDirOf(os.OpenRoot(path)) }

func osDirOf(root *os.Root, err error) (*osDir, error) {
	if err != nil {
		return nil, err
	}
	return &osDir{root}, nil
}

// statPath returns the state of the thing at path, following links.
func statPath(path string) (fileInfo, error) { return fileInfoOf(os.Stat(path)) }

// lstatPath returns the state of the thing at path itself.
func lstatPath(path string) (fileInfo, error) { return fileInfoOf(os.Lstat(path)) }

// readlinkPath returns the text of the link at path.
func readlinkPath(path string) (string, error) { return os.Readlink(path) }

// openPath opens the file at path for reading, following links. It does not
// block on a fifo.
func openPath(path string) (*osFile, error) {
	return osFileOf(os.OpenFile(path, os.O_RDONLY|nonblock, 0))
}

func osFileOf(f *os.File, err error) (*osFile, error) {
	if err != nil {
		return nil, err
	}
	return &osFile{f}, nil
}

// stat returns the state of the directory.
func (d *osDir) stat() (fileInfo, error) { return fileInfoOf(d.Stat(".")) }

// open opens the directory called name, which must not be a link. beforeOpen is
// called where another process could replace it unseen.
func (d *osDir) open(name string, beforeOpen func()) (*osDir, error) {
	info, err := d.lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.mode.IsDir() {
		return nil, syscall.ENOTDIR
	}
	beforeOpen()
	sub, err := osDirOf(d.OpenRoot(name))
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

func (d *osDir) lstat(name string) (fileInfo, error) { return fileInfoOf(d.Lstat(name)) }

// read opens the file called name for reading. It does not block on a fifo. It
// may follow a link: the caller compares the opened file with lstat.
func (d *osDir) read(name string) (*osFile, error) {
	return osFileOf(d.OpenFile(name, os.O_RDONLY|nonblock, 0))
}

// create makes the file called name; it is an error if the name is taken. It can be
// read, too, where its md5 is taken again.
func (d *osDir) create(name string, mode fs.FileMode) (*osFile, error) {
	return osFileOf(d.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, mode))
}

func (d *osDir) mkdir(name string) error { return d.Mkdir(name, 0o777) }

// rmdir removes the empty directory called name.
func (d *osDir) rmdir(name string) error {
	info, err := d.lstat(name)
	if err != nil {
		return err
	}
	if !info.mode.IsDir() {
		return fmt.Errorf("%w: it is no directory any more", core.ErrChanged)
	}
	return d.Remove(name)
}

// unlink removes the file or link called name; it refuses a directory.
func (d *osDir) unlink(name string) error {
	info, err := d.lstat(name)
	if err != nil {
		return err
	}
	if info.mode.IsDir() {
		return fmt.Errorf("%w: it became a directory", core.ErrChanged)
	}
	return d.Remove(name)
}

func (d *osDir) symlink(text, name string) error { return d.Symlink(text, name) }

func (d *osDir) readlink(name string) (string, error) { return d.Readlink(name) }

// link gives the file called name a second name; it is an error if that is
// taken.
func (d *osDir) link(name, second string) error { return d.Link(name, second) }

// rename renames name to to, replacing a file or link of that name.
func (d *osDir) rename(name, to string) error { return d.Rename(name, to) }

// setTime sets the modification time of name. It does nothing if package os,
// which counts nanoseconds from 1970, cannot express the time.
func (d *osDir) setTime(name string, mtime time.Time) error {
	if !time.Unix(0, mtime.UnixNano()).Equal(mtime) {
		return nil
	}
	return d.Chtimes(name, time.Time{}, mtime)
}

// readBelow is errors.ErrUnsupported: only Linux can open a path without
// following links on it.
func (d *osDir) readBelow(string) (*osFile, error) { return nil, errors.ErrUnsupported }

// renameNew is errors.ErrUnsupported: only Linux can rename without replacing.
func (d *osDir) renameNew(string, string) error { return errors.ErrUnsupported }

// names calls each for every name in d, unordered, with the type of its mode.
func (d *osDir) names(each func(name string, kind fs.FileMode)) error {
	file, err := d.Open(".")
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

// A device is the [os.SameFile] identity of a file.
type device = fs.FileInfo

// same reports whether m and o are of one file.
func (m *fileInfo) same(o *fileInfo) bool { return os.SameFile(m.dev, o.dev) }

func fileInfoOf(info fs.FileInfo, err error) (fileInfo, error) {
	if err != nil {
		return fileInfo{}, err
	}
	m := fileInfo{mode: info.Mode(), size: info.Size(), mtime: info.ModTime(), dev: info}
	m.ino, m.ctime = inode(info)
	return m, nil
}
