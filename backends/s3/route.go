package s3

import (
	"context"

	"github.com/s3fc/s3fc/core"
)

var _ core.DirRouter = (*Tree)(nil)

// Routes implements [core.DirRouter] with one GET. A bucket without hosting has
// no rules.
func (t *Tree) Routes(ctx context.Context) ([]core.Entry, error) { return t.site.Links(ctx) }

// CheckRoutes implements [core.DirRouter] with one GET.
func (t *Tree) CheckRoutes(ctx context.Context, want core.Routes) (core.RouteChange, error) {
	return t.site.Check(ctx, want)
}

// Route implements [core.DirRouter] with one GET, and one PUT if anything is to
// be changed.
func (t *Tree) Route(ctx context.Context, want core.Routes) error { return t.site.Apply(ctx, want) }
