package localfs

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// A place is a name in a directory, with the entry that the caller saw there.
type place struct {
	entries *entries
	d       *dir
	name    string
	old     *core.Entry // nil for none
}

// check returns an error unless old is there, or if old is nil, nothing or a tree
// of empty directories. It returns the lstat of the entry.
func (p *place) check() (fileInfo, error) {
	info, err := p.d.lstat(p.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fileInfo{}, kit.CheckOld(p.old, nil)
	case err != nil:
		return fileInfo{}, err
	case info.mode.IsDir():
		return info, p.checkDir(&info)
	case p.old == nil:
		return info, p.unexpected(&info)
	}
	return info, p.compare(info)
}

// checkDir is check where a directory is there.
func (p *place) checkDir(info *fileInfo) error {
	if err := p.d.checkName(p.name, info); err != nil {
		return err
	}
	empty, err := p.d.onlyDirs(p.name)
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w: a directory that is not empty is there", core.ErrConflict)
	}
	return kit.CheckOld(p.old, nil)
}

// unexpected returns the error for a thing where the caller saw none.
func (p *place) unexpected(info *fileInfo) error {
	if err := p.d.checkName(p.name, info); err != nil {
		return err
	}
	e, err := p.entries.at(p.d, p.name, info)
	if err != nil {
		return err
	}
	return kit.CheckOld(nil, &e)
}

// compare returns an error unless the thing with this lstat is old.
func (p *place) compare(info fileInfo) error {
	info, err := p.d.followed(p.name, info)
	if err != nil {
		return err
	}
	e, err := p.entries.at(p.d, p.name, &info)
	if err != nil {
		return err
	}
	return kit.CheckOld(p.old, &e)
}

// makeRoom checks that nothing but empty directories is there, and removes them.
func (p *place) makeRoom() error {
	if _, err := p.check(); err != nil {
		return err
	}
	return p.d.removeDirs(p.name)
}

// unlink removes old. If a directory is there, it does nothing: that is no
// entry.
func (p *place) unlink() error {
	info, err := p.d.lstat(p.name)
	if err != nil {
		return kit.AsNotExist(err)
	}
	if info.mode.IsDir() {
		return nil
	}
	if err := p.compare(info); err != nil {
		return err
	}
	return p.d.handle.unlink(p.d.actual(p.name))
}

// onlyDirs reports whether the directory called name contains nothing but
// directories, at any depth.
func (d *dir) onlyDirs(name string) (bool, error) {
	sub, err := d.open(name)
	if err != nil {
		return false, err
	}
	defer func() { _ = sub.handle.Close() }() // nothing is written through it
	dirs, only, err := sub.subdirs()
	for _, name := range dirs {
		if !only || err != nil {
			break
		}
		only, err = sub.onlyDirs(name)
	}
	return only && err == nil, err
}

// subdirs returns the names of the directories in d, and whether it contains
// nothing else.
func (d *dir) subdirs() (dirs []string, only bool, err error) {
	only = true
	err = d.names(func(name string, kind fs.FileMode) {
		if kind.IsDir() {
			dirs = append(dirs, name)
		} else {
			only = false
		}
	})
	return dirs, only, err
}

// removeDirs removes the directory called name, if there is one, and the empty
// ones in it. It cannot remove anything else.
func (d *dir) removeDirs(name string) error {
	info, err := d.lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !info.mode.IsDir() {
		return err
	}
	sub, err := d.open(name)
	if err != nil {
		return err
	}
	dirs, _, err := sub.subdirs()
	for _, name := range dirs {
		if err == nil {
			err = sub.removeDirs(name)
		}
	}
	if err = errors.Join(err, sub.handle.Close()); err != nil {
		return err
	}
	return d.rmdir(name)
}
