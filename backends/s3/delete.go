package s3

import (
	"context"

	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/core"
)

var _ core.BatchDeleter = (*Tree)(nil)

// Delete implements [core.Backend] with one DELETE, and one HEAD if the store says
// that the object is not old.
func (t *Tree) Delete(ctx context.Context, old core.Entry) error {
	if !t.readable(old.Key) {
		return nil // it cannot be there
	}
	if err := core.CheckOld(&old); err != nil {
		return t.fail("delete", old.Key, err)
	}
	if err := t.keys.check(ctx, t.full(old.Key)); err != nil {
		return t.fail("delete", old.Key, err)
	}
	return t.fail("delete", old.Key, t.objects.Delete(ctx, objects.Target{Key: t.full(old.Key), Version: objects.VersionOf(&old)}))
}

// BatchSize implements [core.BatchDeleter]. A store that keeps keys as paths is
// a gateway, of which versitygw silently ignores the condition of each key in a
// batch, and obeys that of a single delete: there it is 1, as it is in each store
// that is known to be so.
func (t *Tree) BatchSize() int {
	if t.opts.NotFlat || !t.objects.Batches() {
		return 1
	}
	return objects.BatchSize
}

// DeleteBatch implements [core.BatchDeleter] with one request for each
// BatchSize keys.
func (t *Tree) DeleteBatch(ctx context.Context, olds []core.Entry) []error {
	errs := make([]error, len(olds))
	if t.BatchSize() == 1 {
		for i, old := range olds {
			errs[i] = t.Delete(ctx, old)
		}
		return errs
	}
	var targets []objects.Target
	var places []int
	for i, old := range olds {
		err := core.CheckOld(&old)
		if err == nil {
			err = t.keys.check(ctx, t.full(old.Key))
		}
		if err != nil {
			errs[i] = t.fail("delete", old.Key, err)
			continue
		}
		targets, places = append(targets, objects.Target{Key: t.full(old.Key), Version: objects.VersionOf(&old)}), append(places, i)
	}
	for i, err := range t.objects.DeleteAll(ctx, targets) {
		errs[places[i]] = t.fail("delete", olds[places[i]].Key, err)
	}
	return errs
}
