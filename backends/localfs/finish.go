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

// Finish implements [core.Finisher]. It removes the temporary files of runs that
// have ended, as far as this tree's listings came across them, and, if the run
// was allowed to delete, every empty directory below the root. It skips
// directories that cannot be read, and reports what it cannot remove in remarks.
func (t *Tree) Finish(ctx context.Context, done core.Done) (notes []string, err error) {
	root, err := t.dirs.root.open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fail("finish", "", err)
	}
	notes, err = t.temps.Sweep(ctx, time.Now().Add(t.dirs.hooks.later), func(key string) (time.Time, error) {
		if dir, _ := split(key); dir != "." && done.Keep != nil && done.Keep(dir) {
			return time.Time{}, core.ErrExcluded
		}
		return t.dirs.lastChange(key)
	}, t.dirs.unlink)
	if err != nil || !done.Deletes {
		return notes, fail("finish", "", err)
	}
	s := &sweeper{ctx: ctx, keep: done.Keep}
	if _, err := s.sweep(root); err != nil {
		return nil, fail("finish", "", err)
	}
	if s.left > 0 {
		notes = append(notes, fmt.Sprintf("%d empty directories could not be removed, the first of them %s: %v.",
			s.left, core.DisplayKey(s.first), cause(s.why)))
	}
	return notes, nil
}

// A sweeper removes empty directories.
type sweeper struct {
	ctx  context.Context //nolint:containedctx // It lives as long as one call.
	keep func(dir string) bool

	left  int // directories that could not be removed
	first string
	why   error
}

// sweep cleans up in d and reports whether it is empty then. The error is the
// context's.
func (s *sweeper) sweep(d *dir) (empty bool, err error) {
	if err := s.ctx.Err(); err != nil {
		return false, err
	}
	dirs, empty, err := d.subdirs()
	if err != nil {
		return false, nil //nolint:nilerr // The listing has reported it.
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
	if err != nil || !empty {
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
