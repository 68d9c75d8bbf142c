package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// Finish implements [core.Finisher]. It removes the temporary files of runs that
// have ended, as far as this tree's listings came across them, and says which
// modification times could not be kept. It is an error if the tree's path leads to
// another directory by now: the run wrote to the one that was there before.
func (t *Tree) Finish(ctx context.Context, done core.Done) (notes []string, err error) {
	notes, err = t.temps.Sweep(ctx, t.now(), func(key string) (time.Time, error) {
		if dir, _ := split(key); dir != "." && done.Keep != nil && done.Keep(dir) {
			return time.Time{}, core.ErrExcluded
		}
		return t.dirs.lastChange(key)
	}, t.dirs.unlink)
	if err == nil {
		err = t.dirs.root.verifyOpened()
	}
	return append(notes, t.dirs.times.Note()...), fail("finish", "", err)
}

// now is the time by which temporary files are abandoned.
func (t *Tree) now() time.Time { return time.Now().Add(t.dirs.hooks.later) }

// RemoveDir implements [core.DirRemover]. Temporary files of runs that have ended
// are removed with the directory.
func (t *Tree) RemoveDir(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return fail("remove", dir, err)
	}
	if !core.ValidKey(dir) || !plainPath(dir) {
		return fail("remove", dir, fmt.Errorf("%w: it is not a directory here", core.ErrConflict))
	}
	err := t.dirs.rmdir(dir)
	if errors.Is(err, core.ErrConflict) && t.sweepDir(dir) {
		err = t.dirs.rmdir(dir)
	}
	var not *kit.ParentError
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, core.ErrChanged), errors.As(err, &not):
		err = fmt.Errorf("%w: it is not a directory", core.ErrConflict)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	return fail("remove", dir, err)
}

// sweepDir removes the abandoned temporary files in the directory at key, and
// reports whether there were any.
func (t *Tree) sweepDir(key string) (some bool) {
	d, err := t.dirs.open(key, lookup{})
	if err != nil {
		return false
	}
	defer t.dirs.release(d)
	var temps []string
	if err := d.names(func(name string, _ fs.FileMode) {
		if kit.IsTemp(name) {
			temps = append(temps, name)
		}
	}); err != nil {
		return false
	}
	for _, name := range temps {
		info, err := d.lstat(name)
		if err == nil && !info.mode.IsDir() && kit.TempAbandoned(name, info.lastChange(), t.now()) {
			some = d.handle.unlink(name) == nil || some
		}
	}
	return some
}
