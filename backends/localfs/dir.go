package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// A dir is an open directory of the tree. Everything below the root is done by
// base name in one of these, so that no operation follows a link.
type dir struct {
	dirs   *dirs
	handle *osDir
	info   fileInfo
	path   string // of the directory when it was opened
	key    string // "." for the root of the tree
	linked bool   // it is, or is in, the target of a link that was followed

	evicted bool  // a listing closed handle for lack of descriptors
	lost    error // why it could not be opened again

	refs     int         // guarded by the cache's mutex, as is cached
	cached   bool        // it is in the cache
	sameName atomic.Bool // its name on the disk is known to equal the key's, byte for byte
}

// open opens the directory called name in d. The caller closes its handle.
func (d *dir) open(name string) (sub *dir, err error) {
	err = d.dirs.orUnused(func() (err error) {
		sub, err = d.openOnce(name)
		return err
	})
	return sub, err
}

// openOnce is open, and fails if there is no free descriptor.
func (d *dir) openOnce(name string) (*dir, error) {
	key := join(d.key, name)
	handle, err := d.handle.open(d.actual(name), func() { d.dirs.hooks.reach("enter", key) })
	if err != nil {
		return nil, err
	}
	sub, err := d.dirs.newDir(handle, filepath.Join(d.path, name), key)
	if err == nil {
		sub.linked = d.linked
	}
	return sub, err
}

// names calls each for every name in d, unordered, with the type of its mode.
func (d *dir) names(each func(name string, kind fs.FileMode)) error {
	return d.dirs.orUnused(func() error { return d.handle.names(each) })
}

// mkdir makes a directory and adds its key to made, unless another process made
// it meanwhile.
func (d *dir) mkdir(name string, made *[]string) error {
	err := d.handle.mkdir(d.actual(name))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		*made = append(*made, join(d.key, name))
	}
	return err
}

// lstat returns the state of name itself.
func (d *dir) lstat(name string) (fileInfo, error) {
	return d.handle.lstat(d.actual(name))
}

// stat is lstat, but follows a link under FollowLinks, unless that leads nowhere.
func (d *dir) stat(name string) (fileInfo, error) {
	info, err := d.lstat(name)
	if err != nil {
		return info, err
	}
	return d.followed(name, info)
}

// followed turns the result of lstat into that of stat.
func (d *dir) followed(name string, info fileInfo) (fileInfo, error) {
	if d.dirs.links != FollowLinks || info.mode&fs.ModeSymlink == 0 {
		return info, nil
	}
	target, err := statPath(filepath.Join(d.path, name))
	if errors.Is(err, syscall.ELOOP) || errors.Is(kit.AsNotExist(err), fs.ErrNotExist) {
		return info, nil
	}
	return target, err
}

// readlink returns the text of the link called name.
func (d *dir) readlink(name string) (string, error) {
	text, err := d.handle.readlink(d.actual(name))
	return filepath.ToSlash(text), err
}

// create makes the file called name; it is an error if the name is taken.
func (d *dir) create(name string, mode fs.FileMode) (f *osFile, err error) {
	err = d.dirs.orUnused(func() (err error) {
		f, err = d.handle.create(name, mode)
		return err
	})
	return f, err
}

// rename renames name to to, replacing a file or link of that name.
func (d *dir) rename(name, to string) error { return d.handle.rename(name, d.actual(to)) }

// renameNew renames name to to; it is an error if that is taken. It is
// errors.ErrUnsupported if that cannot be done in one step.
func (d *dir) renameNew(name, to string) error {
	t := d.dirs
	if t.hooks.plain || t.hooks.noLinks || t.noRenameNew.Load() {
		return errors.ErrUnsupported
	}
	err := d.handle.renameNew(name, d.actual(to))
	if errors.Is(err, errors.ErrUnsupported) {
		t.noRenameNew.Store(true)
	}
	return err
}

// rmdir removes the empty directory called name, also from the cache.
func (d *dir) rmdir(name string) error {
	key := join(d.key, name)
	d.dirs.cache.drop(key)
	err := d.handle.rmdir(d.actual(name))
	if errors.Is(err, os.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return fmt.Errorf("%w: the directory %s is not empty", core.ErrConflict, core.DisplayKey(key))
	}
	return err
}
