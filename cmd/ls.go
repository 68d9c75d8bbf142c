package cmd

import (
	"context"
	"crypto/md5" //nolint:gosec // The field's content hash.
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/s3fc/s3fc"
	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/inorder"
)

const lsHelp = `List the entries of a tree: kind, size, time, key, and for a link its target. The
time is that of the content, or else when the store last changed the entry. The
totals are on stderr, so that stdout has entries alone.

--md5 shows md5s, too, and reads a file whose md5 is not known without.
--links lists the links alone and says of each where it ends: "dangling" is
nowhere, "ring" leads to itself, and "ends at" is the end of a chain of links.
A link that cannot be copied is listed with the reason.

Exit code: 0 done; 1 something failed; 2 usage.`

// listing is one ls.
type listing struct {
	*app
	output
	limits
	tree    string
	md5s    bool
	links   bool
	from    core.Backend
	listed  lsTotals
	trouble bool // something could not be listed
}

func newLs(a *app) *cobra.Command {
	l := &listing{app: a}
	cmd := &cobra.Command{
		Use:   "ls [flags] TREE",
		Short: "list the entries of a tree",
		Long:  lsHelp,
		Example: `  $0 ls s3://bucket/docs
  $0 ls --md5 ./site
  $0 ls --links s3://bucket
  $0 ls --json s3://bucket | jq -r 'select(.size > 1000000) | .key'`,
		DisableFlagsInUseLine: true,
		Args:                  expectArgs("TREE"),
		ValidArgsFunction:     a.completeTrees(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err = l.output.check(cmd); err != nil {
				return err
			}
			if err = a.openLog(cmd, &l.output); err != nil {
				return err
			}
			l.tree = args[0]
			return explained(cmd, l.run(cmd.Context()))
		},
	}
	cmd.Flags().BoolVar(&l.md5s, "md5", false, "show the md5 of each file, and read it if needed")
	cmd.Flags().BoolVar(&l.links, "links", false, "list links only, and where they end")
	l.limits.bind(cmd)
	l.output.bind(cmd)
	return cmd
}

func (l *listing) run(ctx context.Context) (err error) {
	env := l.env(newLog(l.con, &l.output, nil))
	if l.from, err = s3fc.OpenSource(ctx, l.mux, l.tree, env); err != nil {
		return err
	}
	defer func() { _ = core.Close(l.from) }() // only read
	if l.links {
		err = l.listLinks(ctx)
	} else {
		err = l.list(ctx, l.print)
		if err == nil && !l.json && !l.quiet && l.listed != (lsTotals{}) {
			l.con.remark(l.con.errColour(faint, l.listed.text()))
		}
	}
	l.bill(err)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && s3fc.NamesEntry(ctx, l.mux, l.tree, env):
		return &s3fc.OneEntryError{Tree: l.tree}
	case err == nil && l.trouble:
		return errReported
	case err == nil && l.listed == (lsTotals{}) && !l.links:
		if nothing := s3fc.NothingThere(ctx, l.mux, l.tree, l.from, env); nothing != nil {
			l.con.remark("note: " + inert(nothing.Error()))
		}
	}
	return err
}

// bill prints the requests of the listing, with -v.
func (l *listing) bill(err error) {
	if !l.verbose || err != nil {
		return
	}
	requests, cost := s3fc.Spent(l.from, l.prices.table)
	if requests.Total() == 0 {
		return
	}
	text := "requests: " + requestCounts(requests)
	if cost.Known {
		text += " (" + costText(cost) + "; " + costSource(cost) + ")"
	}
	l.con.remark(text)
}

// list calls use for each entry in key order, complete as far as it is wanted.
// An error of one key is reported, and the listing goes on.
func (l *listing) list(ctx context.Context, use func(core.Entry)) error {
	for e, err := range inorder.Map(ctx, l.jobs, l.from.List(ctx, ""), l.completed) {
		switch _, one := core.ErrorKey(err); {
		case err != nil && (!one || ctx.Err() != nil || core.IsFinal(err)):
			return err
		case err != nil:
			l.trouble = true
			l.con.remark(l.con.errColour(red, "error: ") + inert(err.Error()))
		default:
			l.listed.add(e)
			use(e)
		}
	}
	return nil
}

// completed asks for the wanted facts that the listing lacks.
func (l *listing) completed(ctx context.Context, e core.Entry) (core.Entry, error) {
	ask := e.Partial && e.MaybeLink
	if l.md5s && e.Kind == core.File && !e.MD5.Known() {
		ask = e.Partial && l.from.Features().StoresMD5 || ask
	}
	if ask {
		full, err := l.from.Stat(ctx, e.Key)
		if err != nil {
			return e, err
		}
		e = full
	}
	if l.md5s && e.Kind == core.File && !e.MD5.Known() {
		return l.hashed(ctx, e)
	}
	return e, nil
}

func (l *listing) hashed(ctx context.Context, e core.Entry) (core.Entry, error) {
	body, e, err := l.from.Open(ctx, e.Key)
	if err != nil || body == nil {
		return e, err
	}
	h := md5.New() //nolint:gosec // See the import.
	_, err = io.Copy(h, body)
	if err = errors.Join(err, body.Close()); err != nil {
		return e, &core.Error{Op: "read", Key: e.Key, Err: err}
	}
	e.MD5 = core.MD5Of([md5.Size]byte(h.Sum(nil)))
	return e, nil
}

func (l *listing) print(e core.Entry) {
	if l.json {
		l.con.print(encode(newLsJSON(e)))
		return
	}
	l.con.print(l.line(e) + "\n")
}
