package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/s3fc/s3fc/core"
)

// A slot is a place in a directory, and what its user believes to be there.
type slot struct {
	d    *dir
	name string
	old  *core.Entry // nil for nothing
}

// check holds that the slot has what old says, and returns what lstat says of
// it. Where nothing is expected there may be empty directories.
func (s *slot) check() (meta, error) {
	info, err := s.d.lstat(s.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return meta{}, s.expectNothing()
	case err != nil:
		return meta{}, err
	case info.mode.IsDir():
		return info, s.checkDir(&info)
	case s.old == nil:
		return info, s.unexpected(&info)
	}
	return info, s.compare(info)
}

func (s *slot) expectNothing() error {
	if s.old != nil {
		return fmt.Errorf("%w: nothing is there any more", core.ErrChanged)
	}
	return nil
}

// checkDir allows a directory that holds nothing at any depth.
func (s *slot) checkDir(info *meta) error {
	if err := s.d.checkName(s.name, info); err != nil {
		return err
	}
	empty, err := s.d.emptyTree(s.name)
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w: a directory that is not empty is there", core.ErrConflict)
	}
	return s.expectNothing()
}

// unexpected is the error for something where nothing was expected.
func (s *slot) unexpected(info *meta) error {
	if err := s.d.checkName(s.name, info); err != nil {
		return err
	}
	e, err := s.d.t.look(s.d, s.name, info)
	if err != nil {
		return err
	}
	if e.Kind == core.Other {
		return inTheWay(e)
	}
	return fmt.Errorf("%w: %s is there by now", core.ErrChanged, describe(info.mode))
}

// compare holds that what is there, of which lstat said info, is the entry that
// old describes.
func (s *slot) compare(info meta) error {
	info, err := s.d.behind(s.name, info)
	if err != nil {
		return err
	}
	e, err := s.d.t.look(s.d, s.name, &info)
	switch {
	case err != nil:
		return err
	case e.Kind == core.Other:
		return inTheWay(e)
	case e.Kind != s.old.Kind || e.Token != s.old.Token:
		return fmt.Errorf("%w: it is not the %v that was seen", core.ErrChanged, s.old.Kind)
	}
	return nil
}

func inTheWay(e core.Entry) error {
	return fmt.Errorf("%w: something that cannot be carried is there: %w", core.ErrConflict, e.Problem)
}

// publish makes the staged entry visible: in one step, and where nothing was
// expected only if nothing is there.
func (s *staged) publish() error {
	if s.old != nil {
		return s.replace()
	}
	err := s.create()
	if errors.Is(err, fs.ErrExist) {
		if err = s.makeRoom(); err == nil {
			err = s.create()
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: it was created meanwhile", core.ErrChanged)
	case s.e.Kind == core.File && noHardLinks(err):
		if err := s.makeRoom(); err != nil {
			return err
		}
		return s.rename()
	}
	return err
}

// replace takes the place of what old describes.
func (s *staged) replace() error {
	if _, err := s.check(); err != nil {
		return err
	}
	return s.rename()
}

// makeRoom holds that nothing is there but empty directories, and removes them.
func (s *staged) makeRoom() error {
	if _, err := s.check(); err != nil {
		return err
	}
	return s.d.clear(s.name)
}

// create makes the entry where nothing is, so that the file system itself
// refuses if something is there.
func (s *staged) create() error {
	s.d.t.window("create", s.e.Key)
	name := s.d.actual(s.name)
	err := s.d.t.renameNew(s.d, s.temp, name)
	if err == nil {
		s.temp = ""
		return nil
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := s.createTwice(name); err != nil {
		return err
	}
	s.discard() // before the entry is looked at: fewer links are a change
	return nil
}

// createTwice is create beside the temporary name: a file by a second link to
// it, and a link once more, since not every system has hard links to links.
func (s *staged) createTwice(name string) error {
	if s.e.Kind == core.Link {
		return s.d.folder.symlink(core.Rel(s.e.Key, s.e.Target.Key), name)
	}
	if s.d.t.hooks.noLinks {
		return syscall.EPERM
	}
	return s.d.folder.link(s.temp, name)
}

// renameNew renames in d where nothing must be there. It is
// errors.ErrUnsupported where that cannot be had in one step.
func (t *Tree) renameNew(d *dir, name, to string) error {
	if t.hooks.plain || t.hooks.noLinks || t.noRenameNew.Load() {
		return errors.ErrUnsupported
	}
	err := d.folder.renameNew(name, to)
	if errors.Is(err, errors.ErrUnsupported) {
		t.noRenameNew.Store(true)
	}
	return err
}

func (s *staged) rename() error {
	err := s.d.folder.rename(s.temp, s.d.actual(s.name))
	if err == nil {
		s.temp = ""
	}
	return err
}

// noHardLinks reports whether err is how a file system says that it has none.
func noHardLinks(err error) bool {
	for _, e := range [...]error{syscall.EPERM, syscall.ENOSYS, syscall.EMLINK, errors.ErrUnsupported} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// emptyTree reports whether the directory called name holds nothing but
// directories, at any depth.
func (d *dir) emptyTree(name string) (bool, error) {
	sub, err := d.open(name)
	if err != nil {
		return false, err
	}
	defer func() { _ = sub.folder.Close() }() // nothing is written through it
	dirs, empty, err := sub.subdirs()
	for _, name := range dirs {
		if !empty || err != nil {
			break
		}
		empty, err = sub.emptyTree(name)
	}
	return empty && err == nil, err
}

// subdirs returns the names of the directories in d, and whether there is
// nothing else.
func (d *dir) subdirs() (dirs []string, only bool, err error) {
	only = true
	err = d.folder.names(func(name string, kind fs.FileMode) {
		if kind.IsDir() {
			dirs = append(dirs, name)
		} else {
			only = false
		}
	})
	return dirs, only, err
}

// clear removes the directory called name, if there is one, and the empty ones
// in it. It cannot remove anything else.
func (d *dir) clear(name string) error {
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
			err = sub.clear(name)
		}
	}
	if err = errors.Join(err, sub.folder.Close()); err != nil {
		return err
	}
	return d.rmdirAt(name)
}

// rmdirAt removes the empty directory called name, and what is kept open of it.
func (d *dir) rmdirAt(name string) error {
	d.t.dirs.drop(join(d.key, name))
	err := d.folder.rmdir(d.actual(name))
	if errors.Is(err, os.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return fmt.Errorf("%w: the directory %s is not empty", core.ErrConflict, core.DisplayKey(join(d.key, name)))
	}
	return err
}
