package cmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/reconcile"
)

const linkHelp = `Make KEY of TREE a link to TARGET, or let the link that is there lead to TARGET.

TARGET is a key of TREE, . for its root, or an http or https URL. It is read from the
tree whether a key is a directory, so that the redirect ends with a slash then. The
link is written with one request, and only if KEY is still as it was seen.

A TARGET that does not exist, and a KEY that is a file or a directory, need a flag. A
link that would lead back to itself is never written.

Exit code: 0 done, or nothing to do; 1 something failed, or KEY has changed
meanwhile; 2 usage; 3 the link would dangle, lead back to itself, or replace
something else.`

// oneTree is a command that changes one tree by itself, and not by a plan.
type oneTree struct {
	*app
	output
	limits
	started time.Time
	rep     reporter
	tree    core.Backend
	budget  *core.Budget
}

// begin checks the flags, and opens the tree.
func (o *oneTree) begin(ctx context.Context, cmd *cobra.Command, name string, dryRun bool) (err error) {
	if err = o.output.check(cmd); err != nil {
		return err
	}
	if err = o.openLog(cmd, &o.output); err != nil {
		return err
	}
	o.started = time.Now()
	o.rep = newReporter(o.con, &o.output, startJSON{Program: o.versionText(), Command: cmd.Name(), DryRun: dryRun})
	env := o.env(newLog(o.con, &o.output, nil))
	o.budget = env.Budget
	o.tree, err = s3fc.OpenTree(ctx, o.mux, name, env)
	if err == nil && o.json {
		o.rep.start(s3fc.Start{Source: s3fc.InfoOf(o.mux, name, o.tree)})
	}
	return err
}

// result is the outcome of a command that did act, or would do it.
func (o *oneTree) result(act reconcile.Action, dryRun bool) outcome {
	out := outcome{Result: s3fc.Result{Planned: dryRun, Elapsed: time.Since(o.started)}}
	switch {
	case act.Op == reconcile.OpKeep:
		out.Kept = 1
	case act.Op == reconcile.OpPut && act.Dst == nil:
		out.Links, out.NewLinks = 1, 1
	case act.Op == reconcile.OpPut:
		out.Links = 1
	}
	out.Requests, out.Cost = s3fc.Spent(o.tree, o.prices.table)
	return out
}

// finishLink asks the store for its remarks about links, once one was written.
func finishLink(ctx context.Context, t core.Tree) []string {
	f, ok := core.As[core.Finisher](t)
	if !ok {
		return nil
	}
	notes, err := f.Finish(ctx, core.Done{LinksPut: 1})
	if err != nil {
		notes = append(notes, err.Error())
	}
	return notes
}

func newLink(a *app) *cobra.Command {
	l := &oneTree{app: a}
	var opts s3fc.LinkOptions
	cmd := &cobra.Command{
		Use:   "link [flags] TREE KEY TARGET",
		Short: "make or retarget one link",
		Long:  linkHelp,
		Example: `  $0 link s3://bucket current releases/2
  $0 link s3://bucket docs/latest docs/v2
  $0 link --dangling ./site soon.html later.html
  $0 link s3://bucket blog https://blog.example.com/`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("TREE", "KEY", "TARGET"),
		ValidArgsFunction:     a.completeTrees(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return explained(cmd, l.link(cmd, args, opts))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opts.Dangling, "dangling", false, "allow a TARGET that does not exist")
	f.BoolVar(&opts.Replace, "replace", false, "replace a file; in a bucket, also allow a link at the name of a directory")
	f.BoolVarP(&opts.DryRun, "dry-run", "n", false, "print the plan, and change nothing")
	l.limits.bind(cmd)
	l.output.bind(cmd)
	return cmd
}

func (o *oneTree) link(cmd *cobra.Command, args []string, opts s3fc.LinkOptions) error {
	ctx := cmd.Context()
	if err := o.begin(ctx, cmd, args[0], opts.DryRun); err != nil {
		return err
	}
	defer func() { _ = core.Close(o.tree) }() // the link is written, or the error is known
	act, err := s3fc.SetLink(ctx, o.tree, args[1], args[2], opts)
	return o.conclude(ctx, act, err, opts.DryRun)
}

// say prints an action, whatever it is.
func (o *oneTree) say(act reconcile.Action) {
	if t, text := o.rep.(*textReport); text {
		t.all = true
	}
	o.rep.action(act)
}
