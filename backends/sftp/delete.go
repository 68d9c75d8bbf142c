package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// Delete implements [core.Backend]. It also removes the directories that become
// empty, except the root. It refuses an Other.
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	return fail("delete", old.Key, t.remove(ctx, old))
}

func (t *Tree) remove(ctx context.Context, old core.Entry) error {
	if err := kit.CheckDelete(old); err != nil {
		return err
	}
	if t.links == kit.FollowLinks {
		if _, err := t.lookStrictly(ctx, old.Key); errors.Is(err, core.ErrConflict) {
			return err // it was listed through a link, so it is outside the tree
		}
	}
	now, err := t.stat(ctx, old.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = kit.CheckOld(&old, &now)
	}
	if err != nil {
		return err
	}
	return ignoreNotExist(t.session.do(ctx, func(c *client) error {
		err := c.removeFile(t.path(old.Key))
		for dir := path.Dir(old.Key); err == nil && dir != "." && c.RemoveDirectory(t.path(dir)) == nil; {
			dir = path.Dir(dir)
		}
		return err
	}))
}

// removeFile removes the file or link at p; it refuses a directory, which Remove of
// package sftp would remove if it is empty.
func (c *client) removeFile(p string) error {
	err := c.Client.Remove(p)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if info, lerr := c.Lstat(p); lerr == nil && info.IsDir() {
		return fmt.Errorf("%w: it became a directory", core.ErrChanged)
	}
	return err
}

// RemoveDir implements [core.DirRemover]. Temporary files of runs that have ended
// are removed with the directory.
func (t *Tree) RemoveDir(ctx context.Context, dir string) error {
	if !core.ValidKey(dir) {
		return fail("remove", dir, fmt.Errorf("%w: it is not a directory here", core.ErrConflict))
	}
	return fail("remove", dir, t.removeDir(ctx, dir))
}

func (t *Tree) removeDir(ctx context.Context, dir string) error {
	info, err := t.lstat(ctx, dir)
	if err != nil {
		return ignoreNotExist(err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: it is not a directory", core.ErrConflict)
	}
	err = t.session.do(ctx, func(c *client) error { return c.RemoveDirectory(t.path(dir)) })
	if failed(err) && t.sweepDir(ctx, dir) {
		err = t.session.do(ctx, func(c *client) error { return c.RemoveDirectory(t.path(dir)) })
	}
	if failed(err) {
		return fmt.Errorf("%w: the directory is not empty", core.ErrConflict)
	}
	return ignoreNotExist(err)
}

// sweepDir removes the abandoned temporary files in the directory at key, and
// reports whether there were any.
func (t *Tree) sweepDir(ctx context.Context, dir string) (some bool) {
	infos, err := t.names.readDir(ctx, dir)
	if err != nil {
		return false
	}
	for _, info := range infos {
		if !info.IsDir() && kit.TempAbandoned(info.Name(), info.ModTime(), time.Now()) {
			some = t.removeTemp(ctx, kit.Join(dir, info.Name())) == nil || some
		}
	}
	return some
}

func (t *Tree) removeTemp(ctx context.Context, key string) error {
	return t.session.do(ctx, func(c *client) error { return c.removeFile(t.path(key)) })
}

// removeDirs removes the directory at key if nothing but directories is in it, at
// any depth; else none of them.
func (t *Tree) removeDirs(ctx context.Context, key string) error {
	dirs, err := t.onlyDirs(ctx, key)
	for i := len(dirs) - 1; i >= 0 && err == nil; i-- {
		err = t.removeDir(ctx, dirs[i])
	}
	return err
}

// onlyDirs returns the directory at key and those in it, each before its own. It is
// an error if there is anything else.
func (t *Tree) onlyDirs(ctx context.Context, key string) ([]string, error) {
	infos, err := t.names.readDir(ctx, key)
	if err != nil {
		return nil, err
	}
	dirs := []string{key}
	for _, info := range infos {
		if !info.IsDir() {
			return nil, fmt.Errorf("%w: a directory that is not empty is there", core.ErrConflict)
		}
		below, err := t.onlyDirs(ctx, kit.Join(key, info.Name()))
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, below...)
	}
	return dirs, nil
}

// Finish implements [core.Finisher]. It removes the temporary files of runs that
// have ended, as far as this tree's listings came across them, and says which
// modification times could not be kept.
func (t *Tree) Finish(ctx context.Context, done core.Done) (notes []string, err error) {
	notes, err = t.temps.Sweep(ctx, time.Now(), func(key string) (time.Time, error) {
		if dir := path.Dir(key); dir != "." && done.Keep != nil && done.Keep(dir) {
			return time.Time{}, core.ErrExcluded
		}
		info, err := t.lstat(ctx, key)
		if err == nil && info.IsDir() {
			err = os.ErrInvalid
		}
		if err != nil {
			return time.Time{}, err
		}
		return info.ModTime(), nil
	}, func(key string) error { return t.removeTemp(ctx, key) })
	return append(notes, t.times.Note()...), fail("finish", "", err)
}

// ignoreNotExist returns nil for an error that says that nothing is there.
func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
