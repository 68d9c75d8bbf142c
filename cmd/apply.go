package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

const applyHelp = `Carry out a plan that "s3fc plan -o FILE" saved: exactly that, and nothing else.

Each write and delete is done only if both sides are still what the plan saw
there; what changed meanwhile is left alone, reported, and makes the exit code
1. What is already as the plan wants it counts as unchanged, so that a plan can
be applied again after an interruption. Nothing is deleted if anything failed or
changed. The destination is listed once more before the first write.

A file that is damaged, cut off, edited, or of another version is refused. SRC
and DST, if given, must be the trees of the plan.

Exit code: 0 done; 1 something failed or had changed; 2 usage, or a file that is
refused; 3 a limit stopped the run before any write; 130 or 143 interrupted.`

func newApply(a *app) *cobra.Command {
	var c compare
	var backupDir string
	cmd := &cobra.Command{
		Use:   "apply [flags] FILE [SRC DST]",
		Short: "carry out a saved plan",
		Long:  applyHelp,
		Example: `  s3fc plan ./site s3://bucket -o site.plan
  s3fc apply site.plan
  s3fc apply --json site.plan ./site s3://bucket`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return expectArgs("FILE", "SRC", "DST")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.applyFile(cmd, &c, backupDir, args[0], args[1:])
		},
	}
	cmd.Flags().StringVar(&backupDir, "backup-dir", "", "save what is overwritten or deleted in this `TREE` first, below the run's time")
	c.limits.bind(cmd)
	c.bandwidth.bind(cmd)
	c.remembering.bind(cmd)
	c.output.bind(cmd)
	c.output.bindProgress(cmd)
	return cmd
}

// applyFile reads a plan and carries it out.
func (a *app) applyFile(cmd *cobra.Command, c *compare, backupDir, file string, trees []string) error {
	h, plan, err := readPlanFile(file, cmd.InOrStdin())
	if err != nil {
		return refusedPlan(file, err)
	}
	defer func() { _ = plan.Close() }() // a temporary file that stays loses nothing
	if err := c.restore(h.Options); err != nil {
		return refusedPlan(file, fmt.Errorf("%w: %w", reconcile.ErrPlanFile, err))
	}
	if len(trees) == 0 {
		trees = []string{h.Source.URL, h.Destination.URL}
	}
	r, err := a.newRun(cmd, c, trees)
	if err != nil {
		return err
	}
	if err := r.useBackup(cmd, backupDir); err != nil {
		return err
	}
	r.exact = true
	return r.applyPlan(cmd.Context(), file, h, plan)
}

func readPlanFile(file string, stdin io.Reader) (reconcile.PlanHeader, *reconcile.Plan, error) {
	if file == stdio {
		return reconcile.ReadPlan(stdin, "")
	}
	f, err := os.Open(file)
	if err != nil {
		return reconcile.PlanHeader{}, nil, err
	}
	defer f.Close()
	return reconcile.ReadPlan(f, "")
}

// refusedPlan says that a file is not applied, and why.
func refusedPlan(file string, err error) error {
	code := exitFailed
	if errors.Is(err, reconcile.ErrPlanFile) {
		code = exitUsage
	}
	return &exitError{code, fmt.Errorf("%s: %w", file, err)}
}

func (r *run) applyPlan(ctx context.Context, file string, h reconcile.PlanHeader, plan *reconcile.Plan) error {
	return r.finish(r.opened(ctx, func() (outcome, error) {
		for _, t := range []struct {
			side      string
			want, got reconcile.PlanTree
		}{
			{"source", h.Source, planTree(r.src, r.from)}, {"destination", h.Destination, planTree(r.dst, r.to)},
		} {
			if t.want != t.got {
				return outcome{}, refusedPlan(file, fmt.Errorf("%w: it is for another %s: %s, and this is %s",
					reconcile.ErrPlanFile, t.side, display(t.want), display(t.got)))
			}
		}
		if err := r.recheck(ctx, plan); err != nil {
			return outcome{}, err
		}
		if err := r.rec.Guard(plan); err != nil {
			return outcome{}, &exitError{exitGuarded, err}
		}
		out, err := r.apply(ctx, plan)
		return r.noteBackup(out), err
	}))
}

// recheck holds the destination against the plan, by the rules that the trees
// have now.
func (r *run) recheck(ctx context.Context, plan *reconcile.Plan) error {
	if err := r.rec.Recheck(ctx, plan); err != nil {
		return r.explain(ctx, err)
	}
	if err := r.rules.Err(); err != nil {
		return err
	}
	r.rules.Freeze()
	return nil
}

func display(t reconcile.PlanTree) string {
	if t.At == "" {
		return core.DisplayKey(t.URL)
	}
	return core.DisplayKey(t.URL) + " at " + core.DisplayKey(t.At)
}
