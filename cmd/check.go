package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/wrap"

	"github.com/s3fc/s3fc/core/reconcile"
)

const checkHelp = `Compare two trees by what they hold. Every file is read on both sides, and every
object asked: no listing, no cache and no metadata is trusted. With one tree,
each of its files is held against what the store says of it.

Printed is what differs, by reason:
  only-in-source, only-in-destination
  content   two files of different bytes
  target    two links to different targets
  kind      a file here, a link there
  md5       the md5 in an object's metadata is not its content's
  redirect  an object is a link by its page and metadata, but redirects nobody
  corrupt   the content is not what the store itself says that it is
and on stderr, as remarks that are no differences:
  no-md5       neither ETag nor metadata tells an object's md5
  uncarriable  what the other side cannot hold

--repair-metadata puts md5, redirect and no-md5 right in DST, or in TREE if it is
alone, without sending content: the object is copied onto itself by the store.

Exit code: 0 nothing differs; 1 something does, or could not be read; 2 usage.`

// checking is one check.
type checking struct {
	*run
	repair bool
	alone  bool // there is one tree only
}

func newCheck(a *app) *cobra.Command {
	var c compare
	var repair bool
	cmd := &cobra.Command{
		Use:   "check [flags] SRC DST | TREE",
		Short: "compare by content, trusting nothing",
		Long:  checkHelp,
		Example: `  s3fc check ./site s3://bucket
  s3fc check s3://bucket
  s3fc check --repair-metadata ./site s3://bucket
  s3fc check --json ./site s3://bucket | jq -r 'select(.event == "differ") | .key'`,
		DisableFlagsInUseLine: true,
		Args:                  oneOrTwoTrees,
		ValidArgsFunction:     a.completeTrees(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			k := &checking{repair: repair, alone: len(args) == 1}
			var err error
			if k.alone {
				k.run, err = a.newRunOfOne(cmd, &c, args[0])
			} else {
				k.run, err = a.newRun(cmd, &c, args)
			}
			if err != nil {
				return err
			}
			return k.check(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&repair, "repair-metadata", false, "put right what is wrong beside the content, without sending content")
	addEnum(cmd, &c.links, "links", "symbolic links of a directory: keep them, follow them, or skip them", linksWords...)
	addEnum(cmd, &c.dirLinks, "dir-links", "what was copied of a link to a directory: one redirect, or also one for each file below", dirLinksRedirect, dirLinksExpand)
	c.selection.bind(cmd)
	c.limits.bind(cmd)
	c.output.bind(cmd)
	c.output.bindProgress(cmd)
	cmd.Flags().BoolVar(&c.strict, "strict", false, "exit 1 for remarks, too")
	return cmd
}

func oneOrTwoTrees(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return expectArgs("SRC", "DST")(cmd, args)
}

// newRunOfOne is newRun for a single tree.
func (a *app) newRunOfOne(cmd *cobra.Command, c *compare, tree string) (*run, error) {
	r := &run{app: a, compare: c, started: time.Now()}
	err := c.output.check(cmd)
	if err != nil {
		return nil, err
	}
	r.src, err = a.parse(cmd, "TREE", tree)
	r.dst = r.src
	r.env = c.env(a, &c.output, c.options())
	return r, err
}

func (k *checking) check(ctx context.Context) error {
	if err := k.openBoth(ctx); err != nil {
		return err
	}
	defer k.closeBoth()
	k.rules = k.ignoreSet(ctx)
	k.bar = newBar(ctx, k.con, &k.output)
	k.bar.does("checking")
	defer k.bar.end()
	rep := &checkReport{con: k.con, output: &k.output, alone: k.alone}
	c := k.configured(k.hidden)
	sum, err := c.Run(ctx, rep.found)
	err = errors.Join(err, k.rules.Err())
	k.bar.end()
	if err == nil || sum.Total() > 0 {
		rep.summary(k.outcome(sum, err))
	}
	return k.result(ctx, sum, err)
}

// openBoth opens the trees, which both have to be there.
func (k *checking) openBoth(ctx context.Context) (err error) {
	if k.from, err = k.openThere(ctx, k.src); err != nil || k.alone {
		return err
	}
	if k.to, err = k.openThere(ctx, k.dst); err != nil {
		_ = closeTree(k.from) // only read
	}
	return err
}

func (k *checking) openThere(ctx context.Context, p place) (core.Backend, error) {
	t, err := k.mux.Open(ctx, p.url, k.env) // without Create
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: %w", p.arg, err)
	}
	return t, err
}

func (k *checking) closeBoth() {
	_ = closeTree(k.from) // nothing is pending: each repair was waited for
	if !k.alone {
		_ = closeTree(k.to)
	}
}

// configured returns the check of both trees, without what the rules hide.
func (k *checking) configured(hide func(string) bool) *reconcile.Comparison {
	c := &reconcile.Comparison{
		Src: k.seen(hide), Repair: k.repair, Keeps: k.verbose, Jobs: k.jobs,
		Notice:   func(s string) { k.con.remark("note: " + inert(s)) },
		Progress: func(p reconcile.Progress) { k.bar.update(p) },
	}
	c.SrcAuditor, _ = core.As[core.Auditor](k.from)
	if !k.alone {
		c.Dst = wrap.FilterTree(k.to, hide)
		c.DstAuditor, _ = core.As[core.Auditor](k.to)
	}
	return c
}

// seen is the source as a copy sees it.
func (k *checking) seen(hide func(string) bool) core.Tree {
	if k.alone {
		return wrap.FilterTree(k.from, hide)
	}
	return k.source()
}

// result is what the exit code is to be.
func (k *checking) result(ctx context.Context, sum reconcile.ComparisonCounts, err error) error {
	switch {
	case err != nil:
		return k.explain(ctx, err)
	case sum.Total() == 0 && k.isOne(ctx, k.src, k.env):
		return k.oneObject(k.src)
	case sum.Differ+sum.Errors > 0, k.strict && sum.Remarks > 0:
		return errSaid
	}
	return nil
}

// checkOutcome is what the summary of a check says.
type checkOutcome struct {
	reconcile.ComparisonCounts
	Requests core.Requests
	Cost     estimate
	Elapsed  time.Duration
	Stopped  error
}

func (k *checking) outcome(sum reconcile.ComparisonCounts, err error) checkOutcome {
	bills := []bill{k.bill(k.src, k.from)}
	if !k.alone {
		if dst := k.bill(k.dst, k.to); !sameMeter(k.from, k.to) {
			bills = append(bills, dst)
		}
	}
	o := checkOutcome{ComparisonCounts: sum, Cost: cost(bills...), Elapsed: time.Since(k.started), Stopped: err}
	for _, b := range bills {
		o.Requests = o.Requests.Add(b.requests)
	}
	return o
}
