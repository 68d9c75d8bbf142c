package cmd

import "github.com/spf13/cobra"

const diffHelp = `Show show the changes that copy would make to make DST equal to SRC, and change nothing.

A line begins with A for a new entry, M for a changed one, L for a link that
gets another target, D for one that would be deleted. A directory with many
changes has one line, with all the marks in it; --verbose lists each entry.

Exit code: 0 the trees are equal; 1 they differ, or something failed; 2 usage.`

func newDiff(a *app) *cobra.Command {
	var c compare
	cmd := &cobra.Command{
		Use:   "diff [flags] SRC DST",
		Short: "show the changes that copy would make",
		Long:  diffHelp,
		Example: `  $0 diff ./site s3://bucket
  $0 diff --name-status ./site s3://bucket
  $0 diff --json ./site s3://bucket | jq -r .key
  $0 diff -q ./site s3://bucket || echo "they differ"`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("SRC", "DST"),
		ValidArgsFunction:     a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.newRun(cmd, &c)
			if err != nil {
				return err
			}
			return r.diff(args[0], args[1])
		},
	}
	c.form.bind(cmd)
	c.bind(cmd, false)
	return cmd
}
