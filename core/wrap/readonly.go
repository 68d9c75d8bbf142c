package wrap

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/s3fc/s3fc/core"
)

// ReadOnly makes a backend of t in which nothing can be changed: Put and
// Delete are refused with [fs.ErrPermission]. An inner BatchDeleter and
// Finisher are hidden.
func ReadOnly(t core.Tree) core.Backend { return &readOnly{infoOf{t}, t} }

// ListDirs implements [core.DirRemover].
func (r *readOnly) ListDirs(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return core.ListDirs(ctx, r.Tree, after)
}

// RemoveDir implements [core.DirRemover].
func (r *readOnly) RemoveDir(_ context.Context, dir string) error { return denied("rmdir", dir) }

type readOnly struct {
	infoOf
	core.Tree
}

func (r *readOnly) Put(_ context.Context, e core.Entry, _ io.Reader, _ *core.Entry) (core.Entry, error) {
	return core.Entry{}, denied("put", e.Key)
}

func (r *readOnly) Delete(_ context.Context, old core.Entry) error { return denied("delete", old.Key) }

func denied(op, key string) error {
	return &core.Error{Op: op, Key: key, Err: fmt.Errorf("the tree was opened for reading only: %w", fs.ErrPermission)}
}
