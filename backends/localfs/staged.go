package localfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// A staged is an entry under a temporary name in the directory that it belongs
// to.
type staged struct {
	at   place
	e    core.Entry // as it is to be
	temp string     // "" once it is gone or renamed
	mode fs.FileMode
	f    *osFile // of a File, until it is written
	info fileInfo
	by   kit.Copied // how the content was verified
}

// begin makes the temporary file or link. It checks old only where publish
// would be too late: before a large body is fetched in vain, and to keep the
// mode of a file that is replaced.
func (s *staged) begin() (err error) {
	if s.at.old != nil || s.e.Size > kit.LargeFile {
		was, err := s.at.check()
		if err != nil {
			return err
		}
		if was.mode.IsRegular() && s.at.old != nil {
			s.mode = was.mode.Perm()
		}
	}
	if s.e.Kind == core.Link {
		return s.at.d.handle.symlink(core.Rel(s.e.Key, s.e.Target.Key), s.temp)
	}
	s.f, err = s.at.d.create(s.temp, s.mode)
	return err
}

// discard removes the temporary file, if there is one. If that fails, Finish
// removes it later.
func (s *staged) discard() {
	if s.f != nil {
		_ = s.f.Close()
		s.f = nil
	}
	if s.temp != "" {
		_ = s.at.d.handle.unlink(s.temp)
		s.temp = ""
	}
}

// fill writes the body, verifies it, and sets the file's mode and time.
func (s *staged) fill(ctx context.Context, body io.Reader) (err error) {
	if s.by, err = kit.CopyToFile(ctx, s.f, body, s.e); err != nil {
		return err
	}
	if err := s.setMode(); err != nil {
		return err
	}
	err = s.f.Close()
	s.f = nil
	if err != nil || s.e.ModTime.IsZero() {
		return err
	}
	return s.at.d.handle.setTime(s.temp, s.e.ModTime)
}

// setMode sets the file's mode, unless it was made with it. A file system
// without modes may refuse.
func (s *staged) setMode() (err error) {
	if s.info, err = s.f.stat(); err != nil || s.info.mode.Perm() == s.mode {
		return err
	}
	err = s.f.chmod(s.mode)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// publish makes the staged entry visible in one step. If old is nil, the file
// system itself refuses when the name is taken.
func (s *staged) publish() error {
	if s.at.old != nil {
		return s.replace()
	}
	err := s.create()
	if errors.Is(err, fs.ErrExist) {
		if err = s.at.makeRoom(); err == nil {
			err = s.create()
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: it was created meanwhile", core.ErrChanged)
	case s.e.Kind == core.File && noHardLinks(err):
		if err := s.at.makeRoom(); err != nil {
			return err
		}
		return s.rename()
	}
	return err
}

// replace takes the place of old.
func (s *staged) replace() error {
	if _, err := s.at.check(); err != nil {
		return err
	}
	return s.rename()
}

// create gives the entry its name; it is an error if that is taken.
func (s *staged) create() error {
	s.at.d.dirs.hooks.reach("create", s.e.Key)
	err := s.at.d.renameNew(s.temp, s.at.name)
	if err == nil {
		s.temp = ""
		return nil
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := s.createTwice(); err != nil {
		return err
	}
	s.discard() // before stored: the number of a file's links is part of its version
	return nil
}

// createTwice is create beside the temporary name: a file gets a second name,
// and a link is made once more, since not every system has hard links to links.
func (s *staged) createTwice() error {
	name := s.at.d.actual(s.at.name)
	if s.e.Kind == core.Link {
		return s.at.d.handle.symlink(core.Rel(s.e.Key, s.e.Target.Key), name)
	}
	if s.at.d.dirs.hooks.noLinks {
		return syscall.EPERM
	}
	return s.at.d.handle.link(s.temp, name)
}

func (s *staged) rename() error {
	err := s.at.d.rename(s.temp, s.at.name)
	if err == nil {
		s.temp = ""
	}
	return err
}

// noHardLinks reports whether err is how a file system says that it has no hard
// links.
func noHardLinks(err error) bool {
	for _, e := range [...]error{syscall.EPERM, syscall.ENOSYS, syscall.EMLINK, errors.ErrUnsupported} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// stored returns the published entry, or an error if it was replaced already.
func (s *staged) stored() (core.Entry, error) {
	info, err := s.at.d.lstat(s.at.name)
	if err != nil {
		return core.Entry{}, err
	}
	if s.e.Kind == core.File && !info.same(&s.info) {
		return core.Entry{}, fmt.Errorf("%w: it was replaced as soon as it was written", core.ErrChanged)
	}
	s.at.d.dirs.times.Compare(s.e, info.mtime)
	e, err := s.at.entries.at(s.at.d, s.at.name, &info)
	e.MD5, e.Parts, e.Settled = s.by.MD5, s.by.Parts, s.at.entries.settledAsWritten(&info, s.e.ModTime, time.Now())
	return e, err
}
