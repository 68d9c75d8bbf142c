package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/s3fc/s3fc/core"
)

// staleAfter is how long after its last change a temporary file is taken to be
// of a run that is gone.
const staleAfter = time.Hour

// Finish implements [core.Finisher]. It removes temporary files that did not
// change for an hour and, if the run was allowed to delete, every empty
// directory below the root. It skips directories that cannot be read, and
// reports what it cannot remove in one remark.
func (t *Tree) Finish(ctx context.Context, done core.Done) (notes []string, err error) {
	root, err := t.dirs.root.open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fail("finish", "", err)
	}
	s := &sweeper{ctx: ctx, dirs: done.Deletes, keep: done.Keep, stale: time.Now().Add(t.dirs.hooks.later - staleAfter)}
	if _, err := s.sweep(root); err != nil {
		return nil, fail("finish", "", err)
	}
	if s.left > 0 {
		notes = append(notes, fmt.Sprintf("%d empty directories or stale temporary files could not be removed, the first of them %s: %v.",
			s.left, core.DisplayKey(s.first), cause(s.why)))
	}
	return notes, nil
}

// A sweeper removes stale temporary files and empty directories.
type sweeper struct {
	ctx   context.Context //nolint:containedctx // It lives as long as one call.
	dirs  bool            // remove empty directories too
	keep  func(dir string) bool
	stale time.Time // temporary files that are older are removed

	left  int // things that could not be removed
	first string
	why   error
}

// sweep cleans up in d and reports whether it is empty then. The error is the
// context's.
func (s *sweeper) sweep(d *dir) (empty bool, err error) {
	if err := s.ctx.Err(); err != nil {
		return false, err
	}
	var dirs, temps []string
	empty = true
	err = d.handle.names(func(name string, kind fs.FileMode) {
		switch {
		case kind.IsDir():
			dirs = append(dirs, name)
		case isTemp(name):
			temps = append(temps, name)
		default:
			empty = false
		}
	})
	if err != nil {
		return false, nil //nolint:nilerr // The listing has reported it.
	}
	for _, name := range temps {
		empty = s.removeTemp(d, name) && empty
	}
	for _, name := range dirs {
		gone, err := s.removeDir(d, name)
		if err != nil {
			return false, err
		}
		empty = empty && gone
	}
	return empty, nil
}

// removeTemp removes a stale temporary file and reports whether it is gone.
func (s *sweeper) removeTemp(d *dir, name string) bool {
	info, err := d.handle.lstat(name)
	if err != nil || info.mode.IsDir() || info.lastChange().After(s.stale) {
		return errors.Is(err, fs.ErrNotExist)
	}
	return s.gone(d, name, d.handle.unlink(name))
}

// removeDir sweeps a directory, removes it if it is empty then, and reports
// whether it is gone.
func (s *sweeper) removeDir(d *dir, name string) (bool, error) {
	if nameProblem(name, true) != nil {
		return false, nil
	}
	if s.keep != nil && s.keep(join(d.key, name)) {
		return false, nil
	}
	sub, err := d.open(name)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist), nil //nolint:nilerr // The listing has reported it.
	}
	empty, err := s.sweep(sub)
	_ = sub.handle.Close() // nothing was written through it
	if err != nil || !empty || !s.dirs {
		return false, err
	}
	return s.gone(d, name, d.rmdir(name)), nil
}

// gone reports whether name is gone after a removal that returned err. It counts
// a failure, unless the directory is in use by now.
func (s *sweeper) gone(d *dir, name string, err error) bool {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if errors.Is(err, core.ErrConflict) || os.IsExist(err) {
		return false
	}
	if s.left++; s.left == 1 {
		s.first, s.why = join(d.key, name), err
	}
	return false
}
