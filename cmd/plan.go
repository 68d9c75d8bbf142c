package cmd

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
)

const planHelp = `Make the plan by which copy would make DST equal to SRC, and change nothing.

Without -o it is printed for a person, with its writes, deletes and cost. A line
begins with A for a new entry, M for a changed one, L for a link that gets
another target, D for one that is deleted. A directory with many changes has one
line, with all the marks in it; --verbose lists each entry.

With -o it is saved in a file, with the entries seen on both sides, and
"$0 apply FILE" carries out exactly that. The file holds names,
sizes and md5s, no content and no passwords; each line is one JSON object.

The limits of copy apply here: a plan that would delete too much, or needs too
many requests, is not saved.

Exit code: 0 done; 1 something failed; 2 usage; 3 a limit stopped it.`

type planCommand struct {
	compare
	file string
}

func newPlan(a *app) *cobra.Command {
	var p planCommand
	cmd := &cobra.Command{
		Use:   "plan [flags] SRC DST",
		Short: "show the plan of a copy, or save it to apply later",
		Long:  planHelp,
		Example: `  $0 plan ./site s3://bucket
  $0 plan ./site s3://bucket -o site.plan && $0 apply site.plan
  $0 plan ./site s3://bucket -o - | jq -r 'select(.event == "delete") | .key'`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("SRC", "DST"),
		ValidArgsFunction:     a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.file == stdio {
				a.con.linesToStderr()
			}
			r, err := a.newRun(cmd, &p.compare)
			if err != nil {
				return err
			}
			if r.options.DirLinks == s3fc.DirLinksRules {
				return usageError(cmd, "a plan has no routing rules; copy --dry-run --dir-links=rules shows their changes")
			}
			return r.plan(args[0], args[1], p.file)
		},
	}
	cmd.Flags().StringVarP(&p.file, "output", "o", "", "save the plan in this file; - is standard output")
	p.form.bind(cmd)
	p.bind(cmd, true)
	return cmd
}

// stdio is the file name that stands for standard input or output.
const stdio = "-"

// plan prints the plan, or saves it. A plan that a guard stops is printed, and not
// saved.
func (r *run) plan(src, dst, file string) error {
	r.options.Exact = true
	c, err := s3fc.PlanURL(r.ctx, r.mux, src, dst, r.options)
	if err != nil {
		return r.finish(outcome{Result: s3fc.Result{Planned: true}, Plan: true}, err)
	}
	guarded := c.Guard()
	if guarded != nil && file != "" {
		return r.finish(outcome{Result: s3fc.Result{Planned: true}}, errors.Join(guarded, c.Close()))
	}
	notes := versionNotes(r.ctx, c)
	err = r.show(c, file == "" || r.form != listForm{})
	if err == nil && file != "" {
		err = r.save(c, file)
	}
	out := outcome{Result: c.Result(), Plan: true}
	out.Notes = append(out.Notes, notes...)
	return r.finish(out, errors.Join(cmp.Or(err, guarded), c.Close()))
}

// versionNotes describe the effect of deletes and overwrites in this store.
func versionNotes(ctx context.Context, c *s3fc.Changes) []string {
	switch state, err := c.Versions(ctx); {
	case err != nil || state == core.VersionsUnknown:
		return nil // a remark is not worth an error
	case state == core.VersionsKept:
		return []string{"the destination keeps versions: deleted entries get a delete marker, and overwritten ones stay as older versions"}
	}
	return []string{"the destination keeps no versions: deleted and overwritten entries are lost"}
}
