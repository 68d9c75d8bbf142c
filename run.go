package s3fc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
	"github.com/s3fc/s3fc/internal/cache"
	"github.com/s3fc/s3fc/internal/mediatype"
	"github.com/s3fc/s3fc/internal/siterules"
)

// run is the assembly of one comparison of two trees.
type run struct {
	o        Options
	mux      *core.Mux // nil for trees that the caller has opened
	src, dst side
	backup   backup
	reuse    reuse
	started  time.Time
	env      core.Env
	rules    rules
	links    dirLinks
	site     *siterules.Rules
	rec      *reconcile.Reconciler
	absent   bool // the destination does not exist, and an empty tree stands in for it
	closed   bool
}

// newRun returns the run of options on two trees, of which it opens none.
func newRun(o Options, mux *core.Mux, src, dst side) (*run, error) {
	r := &run{o: o, mux: mux, src: src, dst: dst, started: time.Now(), env: o.env()}
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := checkParams(&o, src, dst); err != nil {
		return nil, err
	}
	if err := r.checkOverlap(); err != nil {
		return nil, err
	}
	return r, errors.Join(r.backup.use(r), r.reuse.use(r))
}

// newTreeRun is newRun on open trees.
func newTreeRun(o Options, src, dst core.Tree) (*run, error) {
	return newRun(o, nil, opened(src, "the source"), opened(dst, "the destination"))
}

// newURLRun is newRun on the trees at two URLs or paths.
func newURLRun(o Options, mux *core.Mux, src, dst string) (*run, error) {
	from, err := named(mux, "source", src)
	if err != nil {
		return nil, err
	}
	to, err := named(mux, "destination", dst)
	if err != nil {
		return nil, err
	}
	return newRun(o, mux, from, to)
}

// checkParams reports an option for backends that none of the sides takes: it
// would have no effect.
func checkParams(o *Options, sides ...side) error {
	params := o.params()
	for _, name := range slices.Sorted(maps.Keys(paramOptions)) {
		param := paramOptions[name]
		if !params.Has(param) || slices.ContainsFunc(sides, func(s side) bool { return s.takes(param) }) {
			continue
		}
		trees := sides[0].name + " does not have"
		if len(sides) == 2 {
			trees = "neither " + sides[0].name + " nor " + sides[1].name + " has"
		}
		return &OptionError{Option: name, Err: fmt.Errorf("%s: %s this option", params.Get(param), trees)}
	}
	return nil
}

// checkOverlap reports that the two trees share entries. A source inside the
// destination, such as a backup, can be copied where nothing is deleted.
func (r *run) checkOverlap() error {
	_, inside := r.dst.within(r.src)
	_, around := r.src.within(r.dst)
	return r.overlap(inside, around, true)
}

// checkOpenOverlap is checkOverlap by the names that the open trees give their places,
// where two URLs name one place in different ways, as by a link or another host name.
func (r *run) checkOpenOverlap() error {
	src, dst := identity(r.src.tree), identity(r.dst.tree)
	if _, inside := r.dst.within(r.src); inside || src == "" || dst == "" {
		return nil // checkOverlap has judged it
	}
	if _, around := r.src.within(r.dst); around {
		return nil
	}
	return r.overlap(strings.HasPrefix(src+"/", dst+"/"), strings.HasPrefix(dst+"/", src+"/"), false)
}

// identity is the name of a tree's place, without a slash at its end; "" if it has none.
func identity(t core.Tree) string {
	id, ok := core.As[core.Identifier](t)
	if !ok {
		return ""
	}
	return strings.TrimRight(id.Identity(), "/")
}

// overlap returns the error for a source that is inside the destination, around it, or
// both. If nothing is deleted, a source inside can be hidden in the destination.
func (r *run) overlap(inside, around, hide bool) error {
	e := &OverlapError{Source: r.src.name, Destination: r.dst.name}
	switch {
	case inside && around:
		e.How = "and the destination are the same tree"
	case inside && hide && r.o.Delete == reconcile.DeleteNever:
		return r.hideInside(r.src)
	case inside:
		e.How, e.Inside = "lies inside the destination", true
	case around:
		e.How = "contains the destination"
	default:
		return nil
	}
	return e
}

// withoutParam returns params without one of them.
func withoutParam(params url.Values, name string) url.Values {
	rest := maps.Clone(params)
	rest.Del(name)
	return rest
}

// absent reports whether err says that a tree does not exist.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// open opens the trees, reads the rules, and makes the reconciler. With write, a
// missing destination is made; otherwise an empty tree stands in for it.
func (r *run) open(ctx context.Context, write bool) error {
	err := r.openTrees(ctx, write)
	if err == nil {
		r.rules.siteFile = r.o.SiteRules != NoSiteRules
		err = r.rules.open(ctx, r.o.Rules, r.src, r.dst)
	}
	if err == nil {
		r.site, err = readSiteRules(ctx, r.o.SiteRules, r.src.tree)
	}
	if err == nil {
		err = r.checkDestinationRules(ctx)
	}
	if err == nil {
		err = r.backup.open(ctx, r.env, write)
	}
	if err == nil {
		err = r.reuse.open(ctx, r)
	}
	if err == nil {
		err = r.links.open(ctx, r.o.DirLinks, r.src.tree, r.dst.tree, r.absent)
	}
	if err != nil {
		_ = r.close() // nothing was written
		return err
	}
	r.rec = r.reconciler()
	if r.o.Start != nil {
		r.o.Start(Start{Source: r.src.info(), Destination: r.dst.info()})
	}
	return nil
}

func (r *run) openTrees(ctx context.Context, write bool) error {
	env := r.env
	env.Hidden = r.rules.hidden // by the rules as they are when the source is listed
	err := r.src.open(ctx, env)
	if absent(err) {
		return &MissingError{Side: "source", Tree: r.src.name, Err: err}
	}
	if err != nil {
		return err
	}
	if err := r.openDestination(ctx, write); err != nil {
		return err
	}
	if err := r.checkOpenOverlap(); err != nil {
		return err
	}
	r.src.tree, r.dst.tree = r.cached(r.src), r.cached(r.dst)
	return nil
}

// openDestination opens the destination. With write, a missing one may be made;
// otherwise an empty tree stands in for it.
func (r *run) openDestination(ctx context.Context, write bool) error {
	env := r.env
	env.Create = write
	err := r.dst.open(ctx, env)
	if write || !absent(err) {
		return err
	}
	r.absent = true
	r.dst.tree = wrap.Empty(r.dst.features())
	return nil
}

// cached returns the side's tree with its cache, if it has one.
func (r *run) cached(s side) core.Backend {
	id, ok := core.As[core.Identifier](s.tree)
	if !ok || r.o.CacheDir == "" || s.url == nil || id.Identity() == "" {
		return s.tree
	}
	return cache.Over(s.tree, cache.Open(r.o.CacheDir, id.Identity(), r.env.Logger()))
}

// close closes the trees that the run has opened. The destination may only then be
// complete.
func (r *run) close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	_ = r.src.close()   // only read
	_ = r.reuse.close() // as above
	return errors.Join(r.dst.close(), r.backup.close())
}

func (r *run) reconciler() *reconcile.Reconciler {
	return &reconcile.Reconciler{
		Src:              r.inRange(r.reuse.over(r.withHeaders(r.links.sourceOf(r.src.tree, r.dst.tree, r.hiddenIn(r.src))), r)),
		Dst:              r.destination(),
		Backup:           r.backup.backend(r.o.Bandwidth),
		Delete:           r.o.Delete,
		Detect:           r.o.Detect,
		Headers:          r.o.Headers,
		TypeOf:           func(key string) string { return mediatype.Detect(key, nil) },
		MaxDelete:        r.o.MaxDelete,
		AllowEmptySource: r.o.AllowEmptySource,
		IsPage:           r.o.isPage(),
		Jobs:             r.env.Jobs,
		Keeps:            r.o.Keeps,
		Exact:            r.o.Exact,
		Budget:           r.env.Budget,
		Buffers:          r.env.Buffers,
		TempDir:          r.o.TempDir,
		Notice:           r.o.Notice,
		Progress:         r.o.Progress,
	}
}

// destination is the destination for the reconciler.
func (r *run) destination() core.Backend {
	to := wrap.Filter(r.dst.tree, r.hiddenIn(r.dst))
	if r.o.Bandwidth > 0 {
		to = wrap.Limit(to, 0, r.o.Bandwidth)
	}
	if k := r.o.Range; k != nil {
		to = wrap.Range(to, k.After, k.Last)
	}
	return to
}

// freeze ends the reading of rules, so that a plan and its execution have the
// same ones. Rules that could not be read are an error.
func (r *run) freeze() error {
	if err := r.rules.set.Err(); err != nil {
		return err
	}
	r.rules.set.Freeze()
	return nil
}

// explain says why the trees could not be listed.
func (r *run) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case isGuard(err):
		return &GuardError{Err: err}
	case absent(err) && r.sourceMissing(ctx):
		return &MissingError{Side: "source", Tree: r.src.name, Err: err}
	case core.IsTransient(err), errors.Is(err, fs.ErrPermission):
		return err
	}
	for _, s := range []side{r.src, r.dst} {
		if s.isEntry(ctx, r.env) {
			return &OneEntryError{Tree: s.name}
		}
	}
	return err
}

// sourceMissing reports whether it is the source that does not exist.
func (r *run) sourceMissing(ctx context.Context) bool {
	for _, err := range r.src.tree.List(ctx, "") {
		return absent(err)
	}
	return false
}

// isGuard reports whether err stops a run before its first write.
func isGuard(err error) bool {
	for _, g := range []error{core.ErrBudget, core.ErrEmptySource, core.ErrTooManyDeletes, core.ErrTooManyRoutes, ErrMarkedRelease} {
		if errors.Is(err, g) {
			return true
		}
	}
	return false
}
