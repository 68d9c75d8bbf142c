package s3fc

import (
	"context"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/ignore"
	"github.com/s3fc/s3fc/internal/siterules"
)

// defaultExcludes are files that desktop systems leave in directories.
var defaultExcludes = []string{".DS_Store", "._*"}

// rules decide which entries of a run are hidden on both sides.
type rules struct {
	set      *ignore.Set
	siteFile bool        // the site's rules file is hidden, unless it is included
	apart    []string    // keys of the destination at which other trees of the run lie
	siteDir  atomic.Bool // a directory has the name of the rules file, and is hidden
}

// open reads the rules of options, and prepares to read the ignore files of each
// side that is a hierarchy, for as long as ctx lasts.
func (r *rules) open(ctx context.Context, options []string, sides ...side) error {
	var own, defaults ignore.Rules
	for _, p := range options {
		if err := own.Exclude(p); err != nil {
			return &OptionError{Option: "rules", Err: err}
		}
	}
	for _, p := range defaultExcludes {
		_ = defaults.Exclude(p) // they are valid
	}
	if r.siteFile {
		_ = defaults.Exclude("/" + siterules.FileName) // it is valid
	}
	var sources []ignore.Source
	for _, s := range sides {
		sources = append(sources, ignore.OfTree(ctx, s.tree, s.name))
	}
	r.set = ignore.NewSet(&own, &defaults, sources...)
	return nil
}

// hidden reports whether key is left alone: by a rule, or because another tree of
// the run lies there.
func (r *rules) hidden(key string) bool {
	for _, a := range r.apart {
		if key == a || core.Below(key, a) {
			return true
		}
	}
	hidden := r.set.Hidden(key)
	if hidden && r.siteFile && key == siterules.FileName+"/" { // a walk asks only of directories that are there
		r.siteDir.Store(true)
	}
	return hidden
}

// isPage returns the function that tells pages from other files, nil for the
// default. The patterns were checked.
func (o *Options) isPage() func(key string) bool {
	if len(o.Pages) == 0 {
		return nil
	}
	var pages ignore.Rules
	for _, p := range o.Pages {
		_ = pages.Exclude(p)
	}
	return func(key string) bool { return pages.Match(key, false) == ignore.Hide }
}
