package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// linkWorkers is how many links of one large directory are asked for at once.
const linkWorkers = 16

var _ core.DirRemover = (*Tree)(nil)

// List implements [core.Tree]. A File is Partial: its md5 is not known.
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.list(ctx, after, false)
}

// ListDirs implements [core.DirRemover].
func (t *Tree) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return t.list(ctx, after, true)
}

func (t *Tree) list(ctx context.Context, after string, dirs bool) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		err := t.checkRoot(ctx)
		if t.create && !t.found.Load() && errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(core.Entry{}, fail("list", "", err))
			return
		}
		t.names.clear()
		r := t.newDirReader()
		w := &kit.Walk[string, os.FileInfo]{
			Store: r, Name: schemeName, Hidden: t.hidden, Temps: &t.temps, Dirs: dirs, NoDirs: r.linked, Workers: linkWorkers,
		}
		for e, err := range w.List(ctx, ".", after) {
			if core.IsTransient(err) { // of one directory, but all others fail as well
				yield(core.Entry{}, fail("list", "", err))
				return
			}
			if !yield(e, err) {
				return
			}
			if _, one := core.ErrorKey(err); err != nil && !one {
				return
			}
		}
		// A directory that was removed lists as empty, and must not look so.
		if err := t.checkRoot(ctx); err != nil {
			yield(core.Entry{}, fail("list", "", err))
		}
	}
}

// checkRoot returns an error unless the tree's directory is there.
func (t *Tree) checkRoot(ctx context.Context) error {
	mode, err := t.lstatPath(ctx, t.root)
	switch {
	case err != nil:
		return fmt.Errorf("the directory %s: %w", t.root, err)
	case !mode.IsDir():
		return fmt.Errorf("%w: %s became %s", core.ErrChanged, t.root, kit.DescribeType(mode))
	}
	return nil
}
