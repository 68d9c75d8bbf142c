package cmd

import (
	"net/url"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core/reconcile"
)

const copyHelp = `Make DST equal to SRC.

The whole plan is made before the first write. Files are written first, then
links, and at last what is not in SRC is deleted from DST; nothing is deleted if
anything failed. A directory that does not exist is made.

Rules of a file .s3fcignore, in any directory of a local tree, leave what they
match alone on both sides, and so do --exclude and --include, which come before
them. .DS_Store and ._* are excluded unless included. A directory of SRC that is
excluded as a whole is not looked into.

Exit code: 0 done; 1 something failed or could not be made equal; 2 usage; 3 a
limit stopped the run before any write; 130 or 143 interrupted.`

// compare are the flags of the commands that compare two trees.
type compare struct {
	output
	selection
	limits
	remembering
	delete           string
	maxDelete        limitFlag
	allowEmptySource bool
	links, linkBody  string
	dirLinks         string
	strict           bool
}

// The words that these flags take, the default first.
var (
	deleteWords   = []string{"after", "never", "all"}
	linksWords    = []string{"keep", "follow", "skip"}
	linkBodyWords = []string{"page", "empty"}
)

func (c *compare) bind(cmd *cobra.Command) {
	addEnum(cmd, &c.delete, "delete", "what is not in SRC: delete it after all else, never, or also what SRC could not hold", deleteWords...)
	addEnum(cmd, &c.links, "links", "symbolic links of a directory: keep them, follow them, or skip them", linksWords...)
	addEnum(cmd, &c.dirLinks, "dir-links", "a link to a directory, in a bucket: one redirect, also one for each file below, or also one routing rule", dirLinksWords...)
	addEnum(cmd, &c.linkBody, "link-body", "what a link's object holds: a small page that leads on, or nothing", linkBodyWords...)
	c.selection.bind(cmd)
	c.limits.bind(cmd)
	c.remembering.bind(cmd)
	c.output.bind(cmd)
	c.output.bindProgress(cmd)
	cmd.Flags().BoolVar(&c.strict, "strict", false, "exit 1 if an entry cannot be carried")
}

// bindGuards defines the flags that lift what stops a run before its first
// write.
func (c *compare) bindGuards(cmd *cobra.Command) {
	cmd.Flags().Var(&c.maxDelete, "max-delete", "delete nothing if more would be deleted (default: all of DST, or more than 100 and half of it)")
	cmd.Flags().BoolVar(&c.allowEmptySource, "allow-empty-source", false, "empty DST if SRC holds nothing")
}

// options are the flags that are for the backends, as their URLs have them.
func (c *compare) options() url.Values {
	return url.Values{"links": {c.links}, "link_body": {c.linkBody}}
}

func (c *compare) deleteMode() reconcile.DeleteMode {
	m, _ := reconcile.ParseDeleteMode(c.delete) // the flag took only words that it reads
	return m
}

type copyFlags struct {
	compare
	dryRun    bool
	backupDir string
}

func newCopy(a *app) *cobra.Command {
	var c copyFlags
	cmd := &cobra.Command{
		Use:   "copy [flags] SRC DST",
		Short: "make DST equal to SRC",
		Long:  copyHelp,
		Example: `  s3fc copy ./site s3://bucket
  s3fc copy s3://bucket/docs ./docs
  s3fc copy --dry-run ./site 's3://bucket?region=eu-west-1'
  s3fc copy --backup-dir ./undo ./site s3://bucket
  s3fc copy --exclude '*.tmp' --exclude /drafts/ --delete=never ./site s3://bucket
  s3fc copy ./site 's3://bucket?endpoint=http://localhost:9000'`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("SRC", "DST"),
		ValidArgsFunction:     a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.newRun(cmd, &c.compare, args)
			if err != nil {
				return err
			}
			r.dryRun = c.dryRun
			if err := r.useBackup(cmd, c.backupDir); err != nil {
				return err
			}
			return r.copy(cmd.Context())
		},
	}
	cmd.Flags().BoolVarP(&c.dryRun, "dry-run", "n", false, "print what would be done, and do nothing")
	cmd.Flags().StringVar(&c.backupDir, "backup-dir", "", "save what is overwritten or deleted in this `TREE` first, below the run's time")
	c.bindGuards(cmd)
	c.bandwidth.bind(cmd)
	c.bind(cmd)
	return cmd
}

// limitFlag is a flag that takes a core.Limit.
type limitFlag struct{ limit reconcile.DeleteLimit }

func (l *limitFlag) Set(s string) (err error) {
	l.limit, err = reconcile.ParseDeleteLimit(s)
	return err
}

func (l *limitFlag) String() string { return l.limit.String() }
func (l *limitFlag) Type() string   { return "N|P%" }
