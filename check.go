package s3fc

import (
	"context"
	"errors"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/core/wrap"
)

// CheckOptions are the options of a [Check].
type CheckOptions struct {
	// Options apply as far as a check has use for them: Rules, Links, DirLinks,
	// Strict, Keeps, and the groups on requests, memory and reports, but Event.
	Options
	// Repair repairs metadata beside the content, without sending content: in the
	// destination, or in the one tree.
	Repair bool
	// Found receives each finding, serially.
	Found func(Found)
}

// A CheckResult has the findings of a check.
type CheckResult struct {
	reconcile.ComparisonCounts
	// Requests were sent, by both trees, and Cost is about their cost.
	Requests core.Requests
	Cost     Estimate
	// Elapsed is how long the check took.
	Elapsed time.Duration
}

// ErrDiffers is the error of a check that found differences.
var ErrDiffers = errors.New("the trees differ")

// Check compares two trees by content: it reads every file on both sides, and
// trusts no listing, no cache and no metadata. With a nil dst, it compares each
// entry of src with the metadata in its own store. The error is [ErrDiffers] if
// anything differs or could not be read, or if there are remarks in a strict run.
func Check(ctx context.Context, src, dst core.Tree, o CheckOptions) (CheckResult, error) {
	c := &checking{o: o, alone: dst == nil}
	if c.alone {
		dst = src
	}
	r, err := newCheckRun(&o.Options, nil, opened(src, "the source"), opened(dst, "the destination"), c.alone)
	if err != nil {
		return CheckResult{}, err
	}
	c.run = r
	return c.check(ctx)
}

// CheckURL is [Check] for the trees at two URLs or paths; an empty dst is none.
// Both must exist.
func CheckURL(ctx context.Context, mux *core.Mux, src, dst string, o CheckOptions) (CheckResult, error) {
	c := &checking{o: o, alone: dst == ""}
	option := "source"
	if c.alone {
		option, dst = "tree", src
	}
	from, err := named(mux, option, src)
	if err != nil {
		return CheckResult{}, err
	}
	to, err := named(mux, "destination", dst)
	if err != nil {
		return CheckResult{}, err
	}
	if c.run, err = newCheckRun(&o.Options, mux, from, to, c.alone); err != nil {
		return CheckResult{}, err
	}
	return c.check(ctx)
}

// newCheckRun is newRun for a check; one tree that is alone is on both sides.
func newCheckRun(o *Options, mux *core.Mux, src, dst side, alone bool) (*run, error) {
	if !alone {
		return newRun(*o, mux, src, dst)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := checkParams(o, src); err != nil {
		return nil, err
	}
	return &run{o: *o, mux: mux, src: src, dst: dst, started: time.Now(), env: o.env()}, nil
}

// checking is one check.
type checking struct {
	*run
	o     CheckOptions
	alone bool
}

func (c *checking) check(ctx context.Context) (CheckResult, error) {
	if err := c.openBoth(ctx); err != nil {
		return c.result(reconcile.ComparisonCounts{}), err
	}
	defer func() { _ = c.close() }() // nothing is pending: each repair was waited for
	c.rules.siteFile = c.o.SiteRules != NoSiteRules
	if err := c.rules.open(ctx, c.o.Rules, c.sides()...); err != nil {
		return CheckResult{}, err
	}
	if !c.alone {
		var err error
		if c.site, err = readSiteRules(ctx, c.o.SiteRules, c.src.tree); err != nil {
			return CheckResult{}, err
		}
	}
	if c.o.Start != nil {
		c.o.Start(c.start())
	}
	comparison := c.comparison()
	sum, err := comparison.Run(ctx, c.o.Found)
	err = errors.Join(err, c.rules.set.Err())
	return c.result(sum), c.verdict(ctx, sum, err)
}

// openBoth opens the trees, which both must exist. A tree that is alone is opened
// once.
func (c *checking) openBoth(ctx context.Context) error {
	if err := c.openThere(ctx, &c.src); err != nil {
		return err
	}
	if c.alone {
		c.dst = side{name: c.src.name, tree: c.src.tree}
		return nil
	}
	err := c.openThere(ctx, &c.dst)
	if err != nil {
		_ = c.src.close() // only read
	}
	return err
}

func (c *checking) openThere(ctx context.Context, s *side) error {
	err := s.open(ctx, c.env)
	if absent(err) {
		return &MissingError{Tree: s.name, Err: err}
	}
	return err
}

func (c *checking) sides() []side {
	if c.alone {
		return []side{c.src}
	}
	return []side{c.src, c.dst}
}

// comparison returns the check of both trees, without the entries that rules
// hide.
func (c *checking) comparison() *reconcile.Comparison {
	k := &reconcile.Comparison{
		Repair: c.o.Repair, Keeps: c.o.Keeps, Jobs: c.env.Jobs, TempDir: c.o.TempDir,
		Notice: c.o.Notice, Progress: c.o.Progress,
	}
	k.SrcAuditor, _ = core.As[core.Auditor](c.src.tree)
	if c.alone {
		k.Src = wrap.FilterTree(c.src.tree, c.rules.hidden)
		return k
	}
	c.links.how = c.o.DirLinks
	k.Src = c.withPrecompressed(c.links.sourceOf(c.src.tree, c.dst.tree, c.rules.hidden))
	k.Dst = wrap.FilterTree(c.dst.tree, c.rules.hidden)
	k.DstAuditor, _ = core.As[core.Auditor](c.dst.tree)
	return k
}

// start names the trees of the check.
func (c *checking) start() Start {
	s := Start{Source: c.src.info()}
	if !c.alone {
		s.Destination = c.dst.info()
	}
	return s
}

// verdict returns the error of the check.
func (c *checking) verdict(ctx context.Context, sum reconcile.ComparisonCounts, err error) error {
	switch {
	case err != nil:
		return c.explain(ctx, err)
	case sum.Total() == 0 && c.src.isEntry(ctx, c.env):
		return &OneEntryError{Tree: c.src.name}
	case sum.Differ+sum.Errors > 0, c.o.Strict && sum.Remarks > 0:
		return ErrDiffers
	}
	return nil
}

func (c *checking) result(sum reconcile.ComparisonCounts) CheckResult {
	bills := []bill{newBill(c.src.tree, c.o.Prices)}
	if !c.alone && !sameCounter(c.src.tree, c.dst.tree) {
		bills = append(bills, newBill(c.dst.tree, c.o.Prices))
	}
	res := CheckResult{ComparisonCounts: sum, Cost: estimate(bills...), Elapsed: time.Since(c.started)}
	for _, b := range bills {
		res.Requests = res.Requests.Add(b.requests)
	}
	return res
}
