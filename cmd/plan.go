package cmd

import (
	"cmp"
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

const planHelp = `Make the plan by which copy would make DST equal to SRC, and change nothing.

Without -o it is printed for a person, by directory, with what it would write,
delete and cost. With -o it is saved in a file, with what was seen on both
sides, and "s3fc apply FILE" carries out exactly that. The file holds names,
sizes and md5s, no content and no passwords; each line is one JSON object.

The limits of copy hold here: a plan that would delete too much, or needs too
many requests, is not saved.

Exit code: 0 done; 1 something failed; 2 usage; 3 a limit stopped it.`

type planFlags struct {
	compare
	file string
}

func newPlan(a *app) *cobra.Command {
	var p planFlags
	cmd := &cobra.Command{
		Use:   "plan [flags] SRC DST",
		Short: "what copy would do, to read or to apply later",
		Long:  planHelp,
		Example: `  s3fc plan ./site s3://bucket
  s3fc plan ./site s3://bucket -o site.plan && s3fc apply site.plan
  s3fc plan ./site s3://bucket -o - | jq -r 'select(.event == "delete") | .key'`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("SRC", "DST"),
		ValidArgsFunction:     a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.file == stdio {
				a.con.out, a.con.outTTY = a.con.err, a.con.errTTY
			}
			r, err := a.newRun(cmd, &p.compare, args)
			if err != nil {
				return err
			}
			if p.dirLinks == dirLinksRules {
				return usageError(cmd, "a plan does not hold routing rules; copy --dry-run --dir-links=rules shows what would become of them")
			}
			r.dryRun = true
			return r.plan(cmd.Context(), cmd.OutOrStdout(), p.file)
		},
	}
	cmd.Flags().StringVarP(&p.file, "output", "o", "", "save the plan in this file; - is standard output")
	p.bindGuards(cmd)
	p.bind(cmd)
	return cmd
}

// stdio is the name of a file that stands for standard input or output.
const stdio = "-"

// plan prints the plan, or saves it. What a guard stops is printed, as a dry run
// prints it, and not saved.
func (r *run) plan(ctx context.Context, stdout io.Writer, file string) error {
	r.exact = true
	return r.finish(r.planned(ctx, func(plan *reconcile.Plan) (outcome, error) {
		guarded := r.guard(ctx, plan)
		if guarded != nil && file != "" {
			return outcome{}, guarded
		}
		out := planOutcome(plan)
		out.Plan = true
		out.Notes = r.versionNote(ctx, plan)
		if err := r.showPlan(ctx, plan, file == ""); err != nil || file == "" {
			return out, cmp.Or(err, guarded)
		}
		return out, r.save(plan, stdout, file)
	}))
}

// versionNote says what deletes and overwrites mean in this store. It asks only
// where there is something to lose.
func (r *run) versionNote(ctx context.Context, plan *reconcile.Plan) []string {
	v, ok := core.As[core.Versioner](r.to)
	t := plan.Totals()
	overwrites := t.Files+t.Links > 0 && t.DstEntries > t.Kept+t.Deletes
	if !ok || t.Deletes == 0 && !overwrites {
		return nil
	}
	switch state, err := v.Versioning(ctx); {
	case err != nil || state == core.VersionsUnknown:
		return nil // a remark is not worth an error
	case state == core.VersionsKept:
		return []string{"the destination keeps versions: what is deleted gets a delete marker, and what is overwritten stays as an older version"}
	}
	return []string{"the destination keeps no versions: what is deleted or overwritten is gone"}
}
