package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// attributes returns the attributes of the thing at key: of itself, or under FollowLinks of
// the target of a link, unless that leads nowhere. It is fs.ErrNotExist if there is
// nothing, and a *kit.ParentError if something on the way is not a directory.
func (t *Tree) attributes(ctx context.Context, key string) (os.FileInfo, error) {
	if t.links != kit.FollowLinks {
		return t.lookStrictly(ctx, key)
	}
	infos, errs := t.each(ctx, []string{key}, (*client).Stat)
	if errs[0] != nil && !core.IsTransient(errs[0]) { // a link that leads nowhere is itself
		infos, errs = t.each(ctx, []string{key}, (*client).Lstat)
	}
	return infos[0], errs[0]
}

// lookStrictly is attributes that never follows a link.
func (t *Tree) lookStrictly(ctx context.Context, key string) (os.FileInfo, error) {
	all := append(parents(key), key)
	infos, errs := t.each(ctx, all, (*client).Lstat)
	last := len(all) - 1
	for i, dir := range all[:last] {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if err := checkDir(dir, infos[i]); err != nil {
			return nil, err
		}
	}
	return infos[last], errs[last]
}

// each asks for the attributes of several keys at once, which takes as long as
// asking for one.
func (t *Tree) each(ctx context.Context, keys []string, stat func(c *client, p string) (os.FileInfo, error)) ([]os.FileInfo, []error) {
	infos, errs := make([]os.FileInfo, len(keys)), make([]error, len(keys))
	var wg sync.WaitGroup
	for i, key := range keys {
		wg.Go(func() {
			infos[i], errs[i] = ask(ctx, t.session, func(c *client) (os.FileInfo, error) { return stat(c, t.path(key)) })
		})
	}
	wg.Wait()
	return infos, errs
}

// checkDir returns a *kit.ParentError unless a directory is at key.
func checkDir(key string, info os.FileInfo) error {
	if info.IsDir() {
		return nil
	}
	return &kit.ParentError{Key: key, Kind: kit.DescribeType(info.Mode())}
}

// makeDirs makes the directories on the way to key that are missing, the root too,
// and adds the keys of the others to made.
func (t *Tree) makeDirs(ctx context.Context, key string, made *[]string) error {
	dirs := parents(key)
	infos, errs := t.each(ctx, dirs, (*client).Lstat)
	for i, dir := range dirs {
		err := errs[i]
		if errors.Is(err, fs.ErrNotExist) {
			err = t.makeDir(ctx, dir, made)
		} else if err == nil {
			err = checkDir(dir, infos[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parents returns the directories that key is in, the root first.
func parents(key string) []string {
	all := []string{"."}
	for i := range len(key) {
		if key[i] == '/' {
			all = append(all, key[:i])
		}
	}
	return all
}

// makeDir makes a directory, unless another did meanwhile.
func (t *Tree) makeDir(ctx context.Context, key string, made *[]string) error {
	return t.session.do(ctx, func(c *client) error {
		if key == "." {
			return t.makeRoot(c)
		}
		err := c.Mkdir(t.path(key))
		if err == nil {
			*made = append(*made, key)
			return nil
		}
		if info, lerr := c.Lstat(t.path(key)); lerr == nil {
			return checkDir(key, info)
		}
		return err
	})
}

// makeRoot makes the tree's directory, unless it has been there: another one in the
// place of a disk that was unmounted would take the files that are meant for it.
func (t *Tree) makeRoot(c *client) error {
	if !t.found.Load() {
		err := c.MkdirAll(t.root)
		if err == nil {
			t.found.Store(true)
		}
		return err
	}
	if _, err := c.Lstat(t.root); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: the directory %s was taken away", core.ErrChanged, t.root)
}

// removeMade removes directories that a failed Put had made, while they are empty.
func (t *Tree) removeMade(ctx context.Context, made []string) {
	ctx = context.WithoutCancel(ctx)
	for i := len(made) - 1; i >= 0; i-- {
		if t.session.do(ctx, func(c *client) error { return c.RemoveDirectory(t.path(made[i])) }) != nil {
			return
		}
	}
}
