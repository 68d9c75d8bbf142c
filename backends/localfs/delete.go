package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
)

// Delete implements [core.Backend]. The directories that it empties are
// removed with it, but never the root. An Other is refused.
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	if err := ctx.Err(); err != nil {
		return fail("delete", old.Key, err)
	}
	if err := checkDelete(old); err != nil {
		return fail("delete", old.Key, err)
	}
	return fail("delete", old.Key, t.remove(old))
}

func checkDelete(old core.Entry) error {
	if old.Kind == core.Other {
		return fmt.Errorf("%w: it cannot be carried, so it is never deleted", core.ErrConflict)
	}
	if err := core.CheckKey(old.Key); err != nil {
		return fmt.Errorf("%w: %w", core.ErrUnsupportedKey, err)
	}
	if !plainPath(old.Key) {
		return fmt.Errorf("%w: it is not a path here", core.ErrUnsupportedKey)
	}
	if _, name := split(old.Key); isTemp(name) {
		return fmt.Errorf("%w: %s looks like a temporary file of s3fc", core.ErrUnsupportedKey, name)
	}
	return nil
}

func (t *Tree) remove(old core.Entry) error {
	parent, name := split(old.Key)
	d, err := t.openDir(parent, straight)
	var way *wayError
	switch {
	case errors.As(err, &way) && t.links == FollowLinks:
		return err // it was listed through a link, and is not ours to delete
	case err != nil:
		return gone(absent(err))
	}
	err = d.unlink(name, old)
	t.release(d)
	if err == nil {
		t.prune(parent)
	}
	return gone(err)
}

// gone makes of an error that says that nothing is there what it is to a
// Delete: none.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// unlink removes the file or link called name if it is what old describes. A
// directory stays.
func (d *dir) unlink(name string, old core.Entry) error {
	info, err := d.lstat(name)
	if err != nil {
		return absent(err)
	}
	if info.mode.IsDir() {
		return nil // a directory is no entry, so nothing is there
	}
	s := slot{d: d, name: name, old: &old}
	if err := s.compare(info); err != nil {
		return err
	}
	return d.folder.unlink(d.actual(name))
}

// prune removes the directory at key and those above it, as far as they are
// empty.
func (t *Tree) prune(key string) {
	for key != "." && t.rmdirKey(key) == nil {
		key, _ = split(key)
	}
}

// rmdirKey removes the empty directory at key.
func (t *Tree) rmdirKey(key string) error {
	parent, name := split(key)
	d, err := t.openDir(parent, straight)
	if err != nil {
		return err
	}
	defer t.release(d)
	return d.rmdirAt(name)
}
