package cmd

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
)

const checkHelp = `Compare two trees by content. Every file is read on both sides, and a request is
sent for every object: no listing, no cache and no metadata is trusted. With one
tree, each of its files is compared with the store's metadata.

Differences are printed with a reason:
  only-in-source, only-in-destination
  content   two files of different bytes
  target    two links to different targets
  kind      a file here, a link there
  md5       the md5 in an object's metadata is not its content's
  redirect  an object is a link by its page and metadata, but does not redirect
  corrupt   the content is not the one that the store itself states
and on stderr, as remarks that are no differences:
  no-md5       neither ETag nor metadata tells an object's md5
  uncarriable  an entry that the other side cannot hold

--repair-metadata repairs md5, redirect and no-md5 in DST, or in TREE if there is
no DST, without sending content: the object is copied onto itself by the store.

Exit code: 0 nothing differs; 1 something does, or could not be read; 2 usage.`

func newCheck(a *app) *cobra.Command {
	var c compare
	var repair bool
	cmd := &cobra.Command{
		Use:   "check [flags] SRC DST | TREE",
		Short: "compare by content, trusting nothing",
		Long:  checkHelp,
		Example: `  $0 check ./site s3://bucket
  $0 check s3://bucket
  $0 check --repair-metadata ./site s3://bucket
  $0 check --json ./site s3://bucket | jq -r 'select(.event == "differ") | .key'`,
		DisableFlagsInUseLine: true,
		Args:                  oneOrTwoTrees,
		ValidArgsFunction:     a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.newRun(cmd, &c)
			if err != nil {
				return err
			}
			return r.check(append(args, "")[:2], repair)
		},
	}
	cmd.Flags().BoolVar(&repair, "repair-metadata", false, "repair metadata and redirects, without sending content")
	bindPlanFlags(cmd, &c.options, func(f planFlag) bool { return f.option == "links" || f.option == "rules" || f.option == "site-rules" })
	bindPlanFlag(cmd, &c.options, planFlag{
		name: "dir-links", option: "dir-links", usage: "how a link to a directory was copied: one redirect, or also one for each file below",
		words: []string{string(s3fc.DirLinksRedirect), string(s3fc.DirLinksExpand)},
	})
	bindPlanFlag(cmd, &c.options, planFlag{name: "strict", option: "strict", usage: "exit 1 for remarks, too", typ: "bool"})
	c.limits.bind(cmd)
	c.output.bind(cmd)
	c.output.bindProgress(cmd)
	return cmd
}

func oneOrTwoTrees(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return expectArgs("SRC", "DST")(cmd, args)
}

// check compares the trees; the second is empty if there is one alone.
func (r *run) check(trees []string, repair bool) error {
	r.bar.does("checking")
	rep := &checkReport{con: r.con, output: &r.output, alone: trees[1] == ""}
	o := s3fc.CheckOptions{Options: r.options, Repair: repair, Found: rep.found}
	o.CacheDir = ""
	o.Notice = func(s string) { r.con.remark("note: " + inert(s)) }
	res, err := s3fc.CheckURL(r.ctx, r.mux, trees[0], trees[1], o)
	r.bar.ended()
	out := checkOutcome{CheckResult: res, Stopped: err}
	if errors.Is(err, s3fc.ErrDiffers) {
		out.Stopped = nil
	}
	if out.Stopped == nil || res.Total() > 0 {
		rep.summary(out)
	}
	return explained(r.cmd, err)
}

// checkOutcome is the summary of a check.
type checkOutcome struct {
	s3fc.CheckResult
	Stopped error
}
