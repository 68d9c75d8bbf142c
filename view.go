package s3fc

import (
	"context"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"
)

// View returns a tree as a copy would see it: without the entries that the ignore
// files of a directory, the rules and the defaults exclude. A store without
// directories shows everything. name is the tree's in errors, rules are those of
// [Options.Rules], and ignore files are read while ctx lasts. The error is an
// [OptionError].
func View(ctx context.Context, t core.Tree, name string, patterns []string) (core.Tree, error) {
	var r rules
	if err := r.open(ctx, patterns, opened(t, name)); err != nil || t.Features().Flat {
		return t, err
	}
	return wrap.FilterTree(t, r.hidden), nil
}
