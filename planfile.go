package s3fc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

// Save writes the plan for a later [ReadPlan]: names, sizes and md5s, no content
// and no passwords. program names the writer. A plan that a guard stops is not
// saved; the error is the [GuardError] then. The plan must have been made by
// [PlanURL] with Options.Exact.
func (c *Changes) Save(w io.Writer, program string) error { return c.save(w, program, nil) }

func (c *Changes) save(w io.Writer, program string, shard *reconcile.PlanShard) error {
	r := c.run
	switch {
	case c.stopped != nil && shard == nil:
		return c.stopped
	case r.src.url == nil || r.dst.url == nil:
		return errors.New("a plan for open trees cannot be saved: it has no URLs")
	case !r.o.Exact:
		return &OptionError{Err: errors.New("a plan that is saved must be made with Exact")}
	case r.o.DirLinks == DirLinksRules:
		return &OptionError{Option: "dir-links", Err: errors.New("a saved plan has no routing rules")}
	}
	h := reconcile.PlanHeader{
		Program: program, Created: r.started.UTC().Truncate(time.Second),
		Source: r.src.planTree(), Destination: r.dst.planTree(), Options: r.o.Saved(),
		Shard: shard,
	}
	if e := r.costOf(c.plan.Totals().Need); e.Known {
		h.Cost = &e.Dollars
	}
	return reconcile.WritePlan(w, h, c.plan)
}

// planTree names the tree in a plan file: without a password, and with the
// endpoint that the environment gives it.
func (s *side) planTree() reconcile.PlanTree {
	u := *s.url
	if _, has := u.User.Password(); has {
		u.User = url.User(u.User.Username())
	}
	out := reconcile.PlanTree{URL: u.String(), At: s.mux.Endpoint(s.url)}
	if e, ok := core.As[core.Endpointer](s.tree); ok {
		out.At = e.Endpoint() // it has also read configuration files
	}
	return out
}

// A SavedPlan is a plan that was read. It is opened, or else closed.
type SavedPlan struct {
	// Header names the trees and options of the plan.
	Header reconcile.PlanHeader
	plan   *reconcile.Plan
}

// ReadPlan reads a plan that [Changes.Save] has written, in memory that does not
// grow with it; tempDir is for a plan that does not fit, "" is [os.TempDir]. A
// plan that is damaged, cut off, edited, or of another format is an error that is
// [reconcile.ErrPlanFile].
func ReadPlan(r io.Reader, tempDir string) (*SavedPlan, error) {
	h, plan, err := reconcile.ReadPlan(r, tempDir)
	if err != nil {
		return nil, err
	}
	return &SavedPlan{h, plan}, nil
}

// Close closes a plan that was not opened.
func (p *SavedPlan) Close() error { return p.plan.Close() }

// Open opens the trees of the plan, lists the destination once, and returns the
// plan for [Apply]. Options that change a plan's actions are those of the plan, not
// of o. src and dst, if not empty, must name the trees of the plan. The plan
// belongs to the Changes then, and is closed if there is an error.
func (p *SavedPlan) Open(ctx context.Context, mux *core.Mux, src, dst string, o Options) (*Changes, error) {
	r, err := p.run(mux, src, dst, o)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := r.open(ctx, true); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.check(ctx, r); err != nil {
		return nil, errors.Join(err, p.Close(), r.close())
	}
	c := &Changes{run: r, plan: p.plan, stopped: r.rec.Guard(p.plan)}
	if err := c.guardReleases(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// run returns the run that the plan was made by, on the trees that it names.
func (p *SavedPlan) run(mux *core.Mux, src, dst string, o Options) (*run, error) {
	if err := o.Restore(p.Header.Options); err != nil {
		return nil, fmt.Errorf("%w: %w", reconcile.ErrPlanFile, err)
	}
	o.Exact = true
	if src == "" {
		src = p.Header.Source.URL
	}
	if dst == "" {
		dst = p.Header.Destination.URL
	}
	return newURLRun(o, mux, src, dst)
}

// check reports that the trees are not those of the plan, and finds out which
// entries of the destination are not as the plan saw them.
func (p *SavedPlan) check(ctx context.Context, r *run) error {
	for _, t := range []struct {
		side      string
		want, got reconcile.PlanTree
	}{
		{"source", p.Header.Source, r.src.planTree()}, {"destination", p.Header.Destination, r.dst.planTree()},
	} {
		if t.want != t.got {
			return fmt.Errorf("%w: it is for another %s: %s, and this is %s",
				reconcile.ErrPlanFile, t.side, displayTree(t.want), displayTree(t.got))
		}
	}
	if err := r.rec.Recheck(ctx, p.plan); err != nil {
		return r.explain(ctx, err)
	}
	return r.freeze()
}

func displayTree(t reconcile.PlanTree) string {
	if t.At == "" {
		return core.DisplayKey(t.URL)
	}
	return core.DisplayKey(t.URL) + " at " + core.DisplayKey(t.At)
}
