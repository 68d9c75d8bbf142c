package cmd

import (
	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
)

const copyHelp = `Make DST equal to SRC.

The whole plan is made before the first write. Files are written first, then
links, and at last entries that SRC does not have are deleted from DST, unless
--delete=never; nothing is deleted if anything failed. A directory that does not
exist is made. sync is the same command.

Rules of a file .s3fcignore, in any directory of a local tree, leave matching
entries alone on both sides, and so do --exclude and --include, which come before
them. .DS_Store and ._* are excluded unless included. A directory of SRC that is
excluded as a whole is not looked into.

Exit code: 0 done; 1 something failed or could not be made equal; 2 usage; 3 a
limit stopped the run before any write; 130 or 143 interrupted.`

// compare are the flags of the commands that compare two trees.
type compare struct {
	output
	limits
	remembering
	form    listForm
	options s3fc.Options
}

// bind defines the flags. Those that lift a guard are for commands that have
// guards.
func (c *compare) bind(cmd *cobra.Command, guards bool) {
	bindPlanFlags(cmd, &c.options, func(f planFlag) bool { return guards || !f.guard })
	c.limits.bind(cmd)
	c.remembering.bind(cmd)
	c.output.bind(cmd)
	c.output.bindProgress(cmd)
}

type copyFlags struct {
	compare
	then      afterwards
	dryRun    bool
	backupDir string
	reuse     string
}

func newCopy(a *app) *cobra.Command {
	var c copyFlags
	cmd := &cobra.Command{
		Use:     "copy [flags] SRC DST",
		Aliases: []string{"sync"},
		Short:   "make DST equal to SRC, deletes included (also: sync)",
		Long:    copyHelp,
		Example: `  $0 copy ./site s3://bucket
  $0 copy s3://bucket/docs ./docs
  $0 copy --dry-run ./site 's3://bucket?region=eu-west-1'
  $0 copy --backup-dir ./undo ./site s3://bucket
  $0 copy --reuse s3://bucket/v1 ./site s3://bucket/v2
  $0 copy --exclude '*.tmp' --exclude /drafts/ --delete=never ./site s3://bucket
  $0 copy ./site 's3://bucket?endpoint=http://localhost:9000'`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("SRC", "DST"),
		ValidArgsFunction:     a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.then.check(cmd, &c.output, c.dryRun); err != nil {
				return err
			}
			r, err := a.newRun(cmd, &c.compare)
			if err != nil {
				return err
			}
			r.options.Backup, r.options.Reuse = c.backupDir, c.reuse
			if c.dryRun {
				return r.preview(args[0], args[1])
			}
			return r.copy(args[0], args[1], &c.then)
		},
	}
	cmd.Flags().BoolVarP(&c.dryRun, "dry-run", "n", false, "print the plan, and change nothing")
	cmd.Flags().StringVar(&c.backupDir, "backup-dir", "", "first save overwritten and deleted entries in this `TREE`, below the run's time")
	cmd.Flags().StringVar(&c.reuse, "reuse", "", "let the store copy files that this `TREE` has under the same key with the same content")
	c.then.bind(cmd)
	c.bandwidth.bind(cmd)
	c.bind(cmd, true)
	return cmd
}
