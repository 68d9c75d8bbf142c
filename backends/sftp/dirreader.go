package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// A dirReader is a [kit.DirReader] for one listing. An open directory is its key.
type dirReader struct {
	tree *Tree
	// Under FollowLinks: the paths without links of the directories that the listing
	// is in, and of those in them that are behind links.
	in     []string
	behind map[string]string // by key
}

func (t *Tree) newDirReader() *dirReader {
	return &dirReader{tree: t, in: []string{t.root}, behind: make(map[string]string)}
}

// linked reports whether dir, which was opened last, is behind a link.
func (r *dirReader) linked(dir string) bool {
	return r.tree.links == kit.FollowLinks && r.in[len(r.in)-1] != r.tree.path(dir)
}

// ReadDir implements [kit.DirReader].
func (r *dirReader) ReadDir(ctx context.Context, dir string) ([]kit.Item[os.FileInfo], error) {
	infos, err := r.tree.names.take(ctx, dir)
	if err != nil {
		return nil, err
	}
	items := make([]kit.Item[os.FileInfo], 0, len(infos))
	for _, info := range infos {
		it := kit.Item[os.FileInfo]{Name: info.Name(), Dir: info.IsDir(), Info: info}
		if r.tree.links == kit.FollowLinks {
			if err := r.follow(ctx, kit.Join(dir, it.Name), &it); err != nil {
				return nil, err
			}
		}
		items = append(items, it)
	}
	return items, nil
}

// follow makes a link at key the item of its target, unless that leads nowhere. A
// directory that the listing is in already is not entered.
func (r *dirReader) follow(ctx context.Context, key string, it *kit.Item[os.FileInfo]) error {
	if it.Info.Mode()&fs.ModeSymlink != 0 {
		info, err := r.tree.lstat(ctx, key)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // Entry finds the same
		}
		if err != nil {
			return err
		}
		it.Info = info
		if info.IsDir() {
			real, err := ask(ctx, r.tree.session, func(c *client) (string, error) { return c.RealPath(r.tree.path(key)) })
			if err != nil {
				return err
			}
			r.behind[key] = real
		}
	}
	it.Dir = it.Info.IsDir() && !slices.Contains(r.in, r.real(key, it.Name))
	return nil
}

// real returns the path without links of the directory at key, which is called name
// in the directory that was opened last.
func (r *dirReader) real(key, name string) string {
	if real, ok := r.behind[key]; ok {
		return real
	}
	return path.Join(r.in[len(r.in)-1], name)
}

// OpenDir implements [kit.DirReader]. That it is no link is checked when it is read.
func (r *dirReader) OpenDir(_ context.Context, _, key string, it *kit.Item[os.FileInfo]) (string, error) {
	real := r.real(key, it.Name)
	delete(r.behind, key)
	r.in = append(r.in, real)
	return key, nil
}

// CloseDir implements [kit.DirReader].
func (r *dirReader) CloseDir(string) { r.in = r.in[:len(r.in)-1] }

// Entry implements [kit.DirReader]. The attributes of a file came with its
// directory.
func (r *dirReader) Entry(ctx context.Context, _, key string, it *kit.Item[os.FileInfo]) (core.Entry, error) {
	if it.Info.IsDir() && kit.CheckName(it.Name, true) == nil {
		return core.Entry{Key: key, Token: token(it.Info), Problem: kit.ErrEndless}, nil
	}
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
