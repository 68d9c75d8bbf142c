package cmd

import "github.com/spf13/cobra"

const diffHelp = `Show what copy would do to make DST equal to SRC, and change nothing.

Exit code: 0 the trees are equal; 1 they differ, or something failed; 2 usage.`

func newDiff(a *app) *cobra.Command {
	var c compare
	cmd := &cobra.Command{
		Use:   "diff [flags] SRC DST",
		Short: "what copy would do",
		Long:  diffHelp,
		Example: `  s3fc diff ./site s3://bucket
  s3fc diff --json ./site s3://bucket | jq -r .key
  s3fc diff -q ./site s3://bucket || echo "they differ"`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("SRC", "DST"),
		ValidArgsFunction:     a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.newRun(cmd, &c, args)
			if err != nil {
				return err
			}
			r.dryRun = true
			return r.diff(cmd.Context())
		},
	}
	c.bind(cmd)
	return cmd
}
