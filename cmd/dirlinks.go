package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"

	"github.com/s3fc/s3fc/core/reconcile"
)

// The ways in which a link to a directory is written.
const (
	dirLinksRedirect = "redirect" // one link, and nothing below it
	dirLinksExpand   = "expand"   // and one for each entry below the directory
	dirLinksRules    = "rules"    // and one rule of the website for all below it
)

var dirLinksWords = []string{dirLinksRedirect, dirLinksExpand, dirLinksRules}

// dirRules are the routing rules of a run, where it looks after them.
type dirRules struct {
	router core.DirRouter      // of the destination, or nil
	links  func() []core.Entry // of the source, to directories, once it was listed
	source []core.Entry        // links that the source's rules stand for
	keep   func(key string) bool
	change core.RouteChange
}

// pulls reports whether the source can have what a directory cannot: both a and
// a/b.
func (r *run) pulls() bool { return r.from.Features().Flat && !r.to.Features().Flat }

// checkDirLinks holds --dir-links against what the trees are, and reads the
// rules of a source.
func (r *run) checkDirLinks(ctx context.Context) (err error) {
	from, to := r.from.Features(), r.to.Features()
	switch {
	case r.dirLinks == dirLinksExpand && (from.Flat || !to.Flat):
		return &exitError{exitUsage, errors.New("--dir-links=expand is for a copy from a directory to a store that can hold both a and a/b, as S3 can; the way back needs no flag")}
	case r.dirLinks != dirLinksRules:
		return nil
	}
	source, _ := core.As[core.DirRouter](r.from)
	r.routes.router, _ = core.As[core.DirRouter](r.to)
	_, later := r.to.(*absent)
	if (source != nil) == (r.routes.router != nil || later) {
		return &exitError{exitUsage, errors.New("--dir-links=rules is for a copy between a bucket and a tree that is none")}
	}
	if source != nil {
		r.routes.source, err = source.Routes(ctx)
	}
	return err
}

// source is the source as the reconciler is to see it.
func (r *run) source() core.Tree {
	switch {
	case r.pulls():
		from := core.Tree(r.from)
		if len(r.routes.source) > 0 {
			from = wrap.AddLinks(from, r.routes.source)
		}
		return wrap.FilterTree(wrap.CollapseDirLinks(from), r.hidden)
	case r.dirLinks == dirLinksExpand:
		// The rules count for what a link leads to, and for what is below the link.
		return wrap.FilterTree(wrap.ExpandDirLinks(wrap.FilterTree(r.from, r.hidden)), r.hidden)
	}
	src := wrap.FilterTree(r.from, r.hidden)
	if r.routes.router != nil {
		src, r.routes.links = wrap.NoteDirLinks(src)
		r.routes.keep = r.keepsRoute
	}
	return src
}

// keepsRoute reports whether a rule for a key that is no link to a directory
// stays: where nothing is to be deleted, and where the source has something that
// cannot be carried.
func (r *run) keepsRoute(key string) bool {
	if r.deleteMode() == reconcile.DeleteNever || r.hidden(key) {
		return true
	}
	e, err := r.rec.Src.Stat(context.Background(), key)
	return err == nil && e.Kind == core.Other || err != nil && !errors.Is(err, fs.ErrNotExist)
}

func (r *run) wantedRoutes() core.Routes {
	return core.Routes{Links: r.routes.links(), Keep: r.routes.keep}
}

// checkRoutes says, before the first write, what would become of the routing
// rules.
func (r *run) checkRoutes(ctx context.Context) (err error) {
	if r.routes.router == nil {
		return nil
	}
	r.routes.change, err = r.routes.router.CheckRoutes(ctx, r.wantedRoutes())
	if errors.Is(err, core.ErrTooManyRoutes) {
		err = &exitError{exitGuarded, err}
	}
	return err
}

// shownRoutes adds to what a plan would do what it would do about the rules.
func (r *run) shownRoutes(out outcome) outcome {
	out.Routes = r.routes.change
	out.Notes = append(out.Notes, r.routes.change.Notes...)
	return out
}

// route brings the routing rules in line with the links, once they are there.
// After a failure they stay, as do entries that would have been deleted.
func (r *run) route(ctx context.Context, out outcome) (outcome, error) {
	if r.routes.router == nil {
		return out, nil
	}
	out.Notes = append(out.Notes, r.routes.change.Notes...)
	switch {
	case !r.routes.change.Any():
		return out, nil
	case out.Errors > 0:
		out.Notes = append(out.Notes, "the routing rules stay as they are, because something failed")
		return out, nil
	}
	if err := r.routes.router.Route(ctx, r.wantedRoutes()); err != nil {
		return out, fmt.Errorf("the links are written, and not their rules: %w", err)
	}
	out.Routes = r.routes.change
	return out, nil
}
