package localfs

import (
	"context"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/watch"
)

var _ core.Watcher = (*Tree)(nil)

// Watch implements [core.Watcher].
func (t *Tree) Watch(ctx context.Context, changed func(), notice func(string)) error {
	w, err := watch.Open(t.dirs.root.path(), changed, notice)
	if err != nil {
		return err
	}
	go w.Run(ctx)
	return nil
}
