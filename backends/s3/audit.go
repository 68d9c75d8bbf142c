package s3

import (
	"context"

	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/core"
)

var _ core.Auditor = (*Tree)(nil)

// Audit implements [core.Auditor] with one HEAD.
func (t *Tree) Audit(ctx context.Context, e core.Entry) ([]core.Flaw, error) {
	flaws, err := t.auditor.Audit(ctx, contents.Key{Object: t.full(e.Key), Entry: e.Key}, e)
	return flaws, t.fail("stat", e.Key, err)
}

// Repair implements [core.Auditor] with two HEADs, and a copy of the object onto
// itself.
func (t *Tree) Repair(ctx context.Context, e core.Entry) (core.Entry, error) {
	now, err := t.auditor.Repair(ctx, contents.Key{Object: t.full(e.Key), Entry: e.Key}, e)
	return now, t.fail("repair", e.Key, err)
}
