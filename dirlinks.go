package s3fc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
)

// dirLinks is how a run treats links to directories.
type dirLinks struct {
	how    DirLinks
	router core.DirRouter      // of the destination, nil if the run sets no routing rules
	noted  func() []core.Entry // the source's links to directories, once it was listed
	source []core.Entry        // the links that the source's routing rules stand for
	change core.RouteChange    // that the plan makes
}

// pulls reports whether the source can have both a and a/b, and the destination
// cannot.
func pulls(from, to core.Tree) bool { return from.Features().Flat && !to.Features().Flat }

// open checks the option against the two trees, and reads the routing rules of
// the source. An absent destination has no rules yet.
func (d *dirLinks) open(ctx context.Context, how DirLinks, from, to core.Tree, absent bool) (err error) {
	d.how = how
	switch {
	case how == DirLinksExpand && (from.Features().Flat || !to.Features().Flat):
		return &OptionError{Option: "dir-links", Err: errors.New("expand is for a copy from a directory to a store that can hold both a and a/b, as S3 can; the way back needs no option")}
	case how != DirLinksRules:
		return nil
	}
	source, _ := core.As[core.DirRouter](from)
	d.router, _ = core.As[core.DirRouter](to)
	if (source != nil) == (d.router != nil || absent) {
		return &OptionError{Option: "dir-links", Err: errors.New("rules is for a copy between a bucket and a tree that is none")}
	}
	if source != nil {
		d.source, err = source.Routes(ctx)
	}
	return err
}

// sourceOf returns the source for the reconciler: filtered, and with the links
// that the option adds or takes together.
func (d *dirLinks) sourceOf(from, to core.Tree, hidden func(string) bool) core.Tree {
	switch {
	case pulls(from, to):
		if len(d.source) > 0 {
			from = wrap.AddLinks(from, d.source)
		}
		return wrap.FilterTree(wrap.CollapseDirLinks(from), hidden)
	case d.how == DirLinksExpand:
		// The rules apply to the target of a link, and to the entries below the link.
		return wrap.FilterTree(wrap.ExpandDirLinks(wrap.FilterTree(from, hidden)), hidden)
	}
	src := wrap.FilterTree(from, hidden)
	if d.router != nil {
		src, d.noted = wrap.NoteDirLinks(src)
	}
	return src
}

// wanted are the routing rules for the links of the source.
func (d *dirLinks) wanted(r *run) core.Routes {
	return core.Routes{Links: d.noted(), Keep: func(key string) bool { return keepsRoute(r, key) }}
}

// keepsRoute reports whether a rule for a key that is no link to a directory
// stays: where nothing is to be deleted, and where the source has something that
// cannot be copied.
func keepsRoute(r *run, key string) bool {
	if r.o.Delete == reconcile.DeleteNever || r.rules.hidden(key) {
		return true
	}
	e, err := r.rec.Src.Stat(context.Background(), key)
	return err == nil && e.Kind == core.Other || err != nil && !errors.Is(err, fs.ErrNotExist)
}

// check finds out, before the first write, how the routing rules will change.
func (d *dirLinks) check(ctx context.Context, r *run) (err error) {
	if d.router == nil {
		return nil
	}
	d.change, err = d.router.CheckRoutes(ctx, d.wanted(r))
	if errors.Is(err, core.ErrTooManyRoutes) {
		return &GuardError{Err: err}
	}
	return err
}

// apply sets the routing rules once the links are there. After a failure they
// stay as they are, as do entries that would have been deleted.
func (d *dirLinks) apply(ctx context.Context, r *run, res *Result) error {
	if d.router == nil {
		return nil
	}
	res.Notes = append(res.Notes, d.change.Notes...)
	switch {
	case !d.change.Any():
		return nil
	case res.Errors > 0:
		res.Notes = append(res.Notes, "the routing rules stay as they are, because something failed")
		return nil
	}
	if err := d.router.Route(ctx, d.wanted(r)); err != nil {
		return fmt.Errorf("the links were written; their routing rules were not: %w", err)
	}
	res.Routes = d.change
	return nil
}
