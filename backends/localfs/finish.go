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

// staleAfter is how long after its last change a temporary file belongs to a
// run that is gone.
const staleAfter = time.Hour

// Finish implements [core.Finisher]. It removes temporary files of ours that
// did not change for an hour and, if the run was allowed to delete, every
// empty directory below the root. What cannot be read or removed stays, and
// is told in one remark.
func (t *Tree) Finish(ctx context.Context, done core.Done) (notes []string, err error) {
	root, err := t.top(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fail("finish", "", err)
	}
	s := &sweeper{ctx: ctx, dirs: done.Deletes, keep: done.Keep, stale: time.Now().Add(t.hooks.later - staleAfter)}
	if _, err := s.sweep(root); err != nil {
		return nil, fail("finish", "", err)
	}
	if s.left > 0 {
		notes = append(notes, fmt.Sprintf("%d empty directories or stale temporary files could not be removed, the first of them %s: %v.",
			s.left, core.DisplayKey(s.first), cause(s.why)))
	}
	return notes, nil
}

// A sweeper cleans a tree up.
type sweeper struct {
	ctx   context.Context //nolint:containedctx // A sweeper is a call, not a thing that lasts.
	dirs  bool            // empty directories go
	keep  func(dir string) bool
	stale time.Time

	left  int // could not be removed
	first string
	why   error
}

// sweep cleans up in d and reports whether nothing is left there. The error is
// the context's.
func (s *sweeper) sweep(d *dir) (empty bool, err error) {
	if err := s.ctx.Err(); err != nil {
		return false, err
	}
	var dirs, temps []string
	empty = true
	err = d.folder.names(func(name string, kind fs.FileMode) {
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
		return false, nil //nolint:nilerr // What cannot be read is not ours to clean; the listing has told it.
	}
	for _, name := range temps {
		empty = s.temp(d, name) && empty
	}
	for _, name := range dirs {
		gone, err := s.dir(d, name)
		if err != nil {
			return false, err
		}
		empty = empty && gone
	}
	return empty, nil
}

// temp removes a stale temporary file and reports whether it is gone.
func (s *sweeper) temp(d *dir, name string) bool {
	info, err := d.folder.lstat(name)
	if err != nil || info.mode.IsDir() || info.lastChange().After(s.stale) {
		return errors.Is(err, fs.ErrNotExist)
	}
	return s.told(d, name, d.folder.unlink(name))
}

// dir sweeps a directory, removes it if nothing is left in it, and reports
// whether it is gone.
func (s *sweeper) dir(d *dir, name string) (bool, error) {
	if nameProblem(name, true) != nil {
		return false, nil
	}
	if s.keep != nil && s.keep(join(d.key, name)) {
		return false, nil
	}
	sub, err := d.open(name)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist), nil //nolint:nilerr // As above: not ours to clean.
	}
	empty, err := s.sweep(sub)
	_ = sub.folder.Close() // nothing was written through it
	if err != nil || !empty || !s.dirs {
		return false, err
	}
	return s.told(d, name, d.rmdirAt(name)), nil
}

// told notes what could not be removed, unless it is gone, or in use, by now.
func (s *sweeper) told(d *dir, name string, err error) bool {
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
