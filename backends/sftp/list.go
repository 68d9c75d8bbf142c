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
		if t.create && errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(core.Entry{}, fail("list", "", err))
			return
		}
		t.names.clear()
		w := &kit.Walk[string, os.FileInfo]{
			Store: dirReader{t}, Name: schemeName, Hidden: t.hidden, Temps: &t.temps, Dirs: dirs, Workers: linkWorkers,
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
		return fmt.Errorf("%w: %s became %s", core.ErrChanged, t.root, describe(mode))
	}
	return nil
}

// A dirReader is a [kit.DirReader]. An open directory is its key.
type dirReader struct{ tree *Tree }

// ReadDir implements [kit.DirReader].
func (r dirReader) ReadDir(ctx context.Context, dir string) ([]kit.Item[os.FileInfo], error) {
	infos, err := r.tree.names.take(ctx, dir)
	if err != nil {
		return nil, err
	}
	items := make([]kit.Item[os.FileInfo], 0, len(infos))
	for _, info := range infos {
		items = append(items, kit.Item[os.FileInfo]{Name: info.Name(), Dir: info.IsDir(), Info: info})
	}
	return items, nil
}

// OpenDir implements [kit.DirReader]. That dir is no link is checked when it is
// read.
func (dirReader) OpenDir(_ context.Context, _, key string, _ *kit.Item[os.FileInfo]) (string, error) {
	return key, nil
}

// CloseDir implements [kit.DirReader].
func (dirReader) CloseDir(string) {}

// Entry implements [kit.DirReader]. The attributes of a file came with its
// directory.
func (r dirReader) Entry(ctx context.Context, _, key string, it *kit.Item[os.FileInfo]) (core.Entry, error) {
	e, err := r.tree.entry(ctx, key, it.Info)
	if err != nil && (failed(err) || errors.Is(err, fs.ErrNotExist)) { // a link that was replaced since
		if e, err = r.tree.stat(ctx, key); errors.Is(err, fs.ErrNotExist) {
			if info, lerr := r.tree.lstat(ctx, key); lerr == nil && info.IsDir() {
				err = fmt.Errorf("%w: a link became a directory", core.ErrChanged)
			}
		}
	}
	e.Partial = e.Kind == core.File
	return e, err
}
