package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// Delete implements [core.Backend]. It also removes the directories that become
// empty, except the root. It refuses an Other.
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	if err := ctx.Err(); err != nil {
		return fail("delete", old.Key, err)
	}
	if err := checkDelete(old); err != nil {
		return fail("delete", old.Key, err)
	}
	return fail("delete", old.Key, operations.do(func() error { return t.writer.remove(old) }))
}

func checkDelete(old core.Entry) error {
	if err := kit.CheckDelete(old); err != nil {
		return err
	}
	if !plainPath(old.Key) {
		return fmt.Errorf("%w: it is not a path here", core.ErrUnsupportedKey)
	}
	return nil
}

// remove removes old and the directories that become empty.
func (w *writer) remove(old core.Entry) error {
	parent, name := split(old.Key)
	d, err := w.dirs.open(parent, lookup{})
	var not *kit.ParentError
	switch {
	case errors.As(err, &not) && w.dirs.links == FollowLinks:
		return err // it was listed through a link, so it is outside the tree
	case err != nil:
		return ignoreNotExist(kit.AsNotExist(err))
	}
	err = (&place{entries: w.entries, d: d, name: name, old: &old}).unlink()
	w.dirs.release(d)
	if err == nil {
		w.dirs.prune(parent)
	}
	return ignoreNotExist(err)
}

// ignoreNotExist returns nil for an error that says that nothing is there.
func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
