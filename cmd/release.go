package cmd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
	"github.com/s3fc/s3fc/internal/release"
)

const releaseHelp = `Copy DIR to a release of its own in TREE, and let visitors see it at once.

The site is copied to releases/ID/, where ID is the time unless given. Files that the
current release has, too, are copied inside the store. The copy is compared with DIR,
marked as complete, and then the link current leads to it, with one request: until
then, and after any failure, visitors see the release before. Where two jobs do this
at once, the later one leaves current alone and exits with 1.

In a directory, current is a symbolic link that is replaced at once.

--keep N deletes the oldest releases beyond N, once the new one is current: only those
that this command has made, and never the current one.

Exit code: 0 done; 1 something failed, or current has changed meanwhile; 2 usage; 3 a
limit stopped the run before any write of the site; 130 or 143 interrupted.`

// releasing are the flags of release.
type releasing struct {
	compare
	id     string
	keep   int
	dryRun bool
}

func newRelease(a *app) *cobra.Command {
	var c releasing
	cmd := &cobra.Command{
		Use: "release [flags] DIR TREE", Short: "deploy a directory as a release, which a link leads to", Long: releaseHelp,
		Example: `  $0 release ./site s3://bucket
  $0 release --id v1.2.0 --keep 5 ./site s3://bucket
  $0 release ./site /srv/www`,
		DisableFlagsInUseLine: true, Args: expectArgs("DIR", "TREE"), ValidArgsFunction: a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(a, cmd, args) },
	}
	f := cmd.Flags()
	f.StringVar(&c.id, "id", "", "the `NAME` of the release (default: the time, as 20260102T150405Z)")
	f.Var(&number[int]{&c.keep, 1, math.MaxInt32}, "keep", "delete the oldest releases beyond so many")
	f.Lookup("keep").DefValue = "0"
	f.BoolVarP(&c.dryRun, "dry-run", "n", false, "print what would be copied, and do nothing")
	ofCopy := []string{"detect", "links", "link-body", "exclude", "include", "pages", "rules", "strict"}
	bindPlanFlags(cmd, &c.options, func(p planFlag) bool { return slices.Contains(ofCopy, p.name) })
	c.bandwidth.bind(cmd)
	c.limits.bind(cmd)
	c.remembering.bind(cmd)
	c.output.bind(cmd)
	c.output.bindProgress(cmd)
	return cmd
}

func (c *releasing) run(a *app, cmd *cobra.Command, args []string) error {
	if c.id == "" {
		c.id = release.NewID()
	}
	if err := release.CheckID(c.id); err != nil {
		return usageError(cmd, "--id: %v", err)
	}
	r, err := a.newRun(cmd, &c.compare)
	if err != nil {
		return err
	}
	env := c.env(r.options.Log)
	r.options.Budget = env.Budget
	if c.dryRun {
		return c.preview(r, args, env)
	}
	started := time.Now()
	tree, err := s3fc.MakeTree(r.ctx, r.mux, args[1], env)
	if err != nil {
		return explained(cmd, err)
	}
	defer func() { _ = core.Close(tree) }() // every write was waited for
	site := release.New(r.mux, args[1], tree)
	made, err := site.Make(r.ctx, args[0], c.id, r.options)
	out := outcome{Result: made.Copied}
	if err == nil {
		out.Notes = append(out.Notes, finishLink(r.ctx, tree)...)
		err = c.report(r, site, made)
	}
	out.Notes = slices.Compact(out.Notes)
	sent, cost := s3fc.Spent(tree, c.prices.table)
	out.Requests = out.Requests.Add(made.Check.Requests).Add(sent)
	out.Cost = out.Cost.Add(made.Check.Cost).Add(cost)
	out.Elapsed = time.Since(started)
	return r.finish(out, err)
}

// preview prints the plan of the copy.
func (c *releasing) preview(r *run, args []string, env core.Env) error {
	tree, err := s3fc.OpenTree(r.ctx, r.mux, args[1], env)
	var missing *s3fc.MissingError
	if errors.As(err, &missing) {
		dst, err := s3fc.Below(r.mux, args[1], s3fc.ReleasesDir+"/"+c.id)
		if err != nil {
			return explained(r.cmd, err)
		}
		return r.preview(args[0], dst)
	}
	if err != nil {
		return explained(r.cmd, err)
	}
	dst, _, err := release.New(r.mux, args[1], tree).Prepare(r.ctx, c.id, &r.options)
	if err = errors.Join(err, core.Close(tree)); err != nil {
		return explained(r.cmd, err)
	}
	return r.preview(args[0], dst)
}

// releaseJSON is a release as --json prints it.
type releaseJSON struct {
	Event   string        `json:"event"`
	ID      string        `json:"id"`
	State   release.State `json:"state"`
	Current bool          `json:"current"`
	Was     string        `json:"was,omitempty"`
	Made    *time.Time    `json:"made,omitempty"`
	Entries int64         `json:"entries,omitempty"`
}

// report prints that the release is current, and deletes those that are not kept.
func (c *releasing) report(r *run, site *release.Site, made release.Made) error {
	r.bar.ended()
	r.say(releaseJSON{ID: made.ID, State: release.Complete, Current: true, Was: made.Was}, "release "+made.ID+" is current"+was(made.Was))
	if c.keep == 0 {
		return nil
	}
	gone, err := site.Prune(r.ctx, c.keep)
	for _, id := range gone {
		r.say(releaseJSON{ID: id, State: release.Going}, "release "+id+" deleted")
	}
	return err
}

func was(id string) string {
	if id == "" {
		return ""
	}
	return " (was " + id + ")"
}

// say prints a line about a release.
func (r *run) say(j releaseJSON, text string) { sayRelease(r.con, &r.output, j, text) }

func sayRelease(con *console, o *output, j releaseJSON, text string) {
	j.Event = "release"
	switch {
	case o.json:
		con.print(encode(j))
	case !o.quiet:
		con.print(inert(text) + "\n")
	}
}

const releasesHelp = `List the releases of TREE that release has made, the newest first: a star before the
one that the link current leads to, then the name, the time, and how many entries the
site has. A release that is incomplete was never current.

Exit code: 0 done; 1 something failed; 2 usage.`

func newReleases(a *app) *cobra.Command {
	o := &oneTree{app: a}
	cmd := &cobra.Command{
		Use: "releases [flags] TREE", Short: "list the releases of a tree", Long: releasesHelp,
		Example:               "  $0 releases s3://bucket\n  $0 releases --json s3://bucket",
		DisableFlagsInUseLine: true, Args: expectArgs("TREE"), ValidArgsFunction: a.completeTrees(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return explained(cmd, o.listReleases(cmd, args[0]))
		},
	}
	o.limits.bind(cmd)
	o.output.bind(cmd)
	return cmd
}

func (o *oneTree) listReleases(cmd *cobra.Command, name string) error {
	ctx := cmd.Context()
	asJSON := o.json
	o.json = false // the list alone
	err := o.begin(ctx, cmd, name, false)
	if o.json = asJSON; err != nil {
		return err
	}
	defer func() { _ = core.Close(o.tree) }() // only read
	all, current, err := release.New(o.mux, name, o.tree).List(ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		mark := " "
		if r.ID == current {
			mark = "*"
		}
		state := plural(r.Entries, "entry")
		if r.State != release.Complete {
			state = string(r.State)
		}
		j := releaseJSON{ID: r.ID, State: r.State, Current: r.ID == current, Made: &r.Made, Entries: r.Entries}
		sayRelease(o.con, &o.output, j, fmt.Sprintf("%s %-20s  %s  %s", mark, r.ID, r.Made.Format(time.RFC3339), state))
	}
	if len(all) == 0 && !o.json && !o.quiet {
		o.con.remark("no releases")
	}
	return nil
}

const rollbackHelp = `Let the link current of TREE lead to the release ID, or to the newest complete release
that is older than the one it leads to now. It is one write, on the condition that
current is still as it was seen. Nothing is deleted, so a rollback can be undone by
another, with ID.

Exit code: 0 done, or nothing to do; 1 something failed, or current has changed
meanwhile; 2 usage.`

func newRollback(a *app) *cobra.Command {
	o := &oneTree{app: a}
	dryRun := false
	cmd := &cobra.Command{
		Use: "rollback [flags] TREE [ID]", Short: "let the link lead to another release", Long: rollbackHelp,
		Example:               "  $0 rollback s3://bucket\n  $0 rollback s3://bucket v1.2.0",
		DisableFlagsInUseLine: true, ValidArgsFunction: a.completeTrees(1),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 || len(args) == 2 {
				return nil
			}
			return usageError(cmd, "expected TREE and perhaps ID, got %s", arguments(args))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			id := strings.Join(args[1:], "")
			if len(args) == 2 && release.CheckID(id) != nil {
				return usageError(cmd, "ID: %v", release.CheckID(id))
			}
			return explained(cmd, o.rollback(cmd, args[0], id, dryRun))
		},
	}
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "print what would be done, and do nothing")
	o.limits.bind(cmd)
	o.output.bind(cmd)
	return cmd
}

func (o *oneTree) rollback(cmd *cobra.Command, name, id string, dryRun bool) error {
	ctx := cmd.Context()
	if err := o.begin(ctx, cmd, name, dryRun); err != nil {
		return err
	}
	defer func() { _ = core.Close(o.tree) }() // the link is written, or the error is known
	act, err := release.New(o.mux, name, o.tree).Rollback(ctx, id, dryRun)
	return o.conclude(ctx, act, err, dryRun)
}

// conclude prints an action, or why there was none, and the summary.
func (o *oneTree) conclude(ctx context.Context, act s3fc.Action, err error, dryRun bool) error {
	if err != nil {
		out := o.result(s3fc.Action{Op: reconcile.OpFail}, dryRun)
		if out.Stopped = err; o.json {
			o.rep.summary(out)
		}
		return err
	}
	o.say(act)
	var notes []string
	if act.Op == reconcile.OpPut && !dryRun {
		notes = finishLink(ctx, o.tree)
	}
	out := o.result(act, dryRun)
	out.Notes = notes
	o.rep.summary(out)
	return nil
}
