package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/s3fc/s3fc/core"

	"github.com/s3fc/s3fc/core/reconcile"
)

// The options of a plan file, by the names of their flags. Rules are those of
// --exclude and --include, in order, the latter with "!".
const (
	optDelete      = "delete"
	optMaxDelete   = "max-delete"
	optEmptySource = "allow-empty-source"
	optLinks       = "links"
	optLinkBody    = "link-body"
	optDirLinks    = "dir-links"
	optStrict      = "strict"
	optRules       = "rules"
)

// saved returns the flags that a plan was made with.
func (c *compare) saved() map[string][]string {
	return map[string][]string{
		optDelete: {c.delete}, optMaxDelete: {c.maxDelete.String()}, optEmptySource: {strconv.FormatBool(c.allowEmptySource)},
		optLinks: {c.links}, optLinkBody: {c.linkBody}, optDirLinks: {c.dirLinks}, optStrict: {strconv.FormatBool(c.strict)}, optRules: c.selection.given,
	}
}

// restore is the inverse of saved. What no flag takes is an error.
func (c *compare) restore(options map[string][]string) error {
	for name, values := range options {
		if name != optRules && len(values) != 1 {
			return fmt.Errorf("its option %s has %d values", core.DisplayKey(name), len(values))
		}
		for _, v := range values {
			if err := c.set(name, v); err != nil {
				return fmt.Errorf("its option %s=%s: %w", core.DisplayKey(name), core.DisplayKey(v), err)
			}
		}
	}
	return nil
}

func (c *compare) set(name, v string) (err error) {
	switch name {
	case optDelete:
		return enum{&c.delete, deleteWords}.Set(v)
	case optLinks:
		return enum{&c.links, linksWords}.Set(v)
	case optLinkBody:
		return enum{&c.linkBody, linkBodyWords}.Set(v)
	case optDirLinks:
		return enum{&c.dirLinks, dirLinksWords}.Set(v)
	case optMaxDelete:
		if v != "" {
			err = c.maxDelete.Set(v)
		}
	case optEmptySource:
		c.allowEmptySource, err = strconv.ParseBool(v)
	case optStrict:
		c.strict, err = strconv.ParseBool(v)
	case optRules:
		err = c.selection.exclude(v)
	default:
		err = errors.New("it is not known here")
	}
	return err
}

// planTree names a tree in a plan file: without a password, and with the
// endpoint that it has by the environment.
func planTree(p place, t core.Tree) reconcile.PlanTree {
	u := *p.url
	if _, has := u.User.Password(); has {
		u.User = url.User(u.User.Username())
	}
	out := reconcile.PlanTree{URL: u.String()}
	if u.Scheme != "s3" {
		return out
	}
	out.At = p.endpoint()
	if e, ok := core.As[interface{ Endpoint() string }](t); ok {
		out.At = e.Endpoint() // it also knows what configuration files say
	}
	return out
}

// save writes the plan to a file, whole or not at all.
func (r *run) save(plan *reconcile.Plan, stdout io.Writer, file string) error {
	info, _ := debug.ReadBuildInfo()
	h := reconcile.PlanHeader{
		Program: versionText(info), Created: r.started.UTC().Truncate(time.Second),
		Source: planTree(r.src, r.from), Destination: planTree(r.dst, r.to), Options: r.saved(),
	}
	if c := r.costOf(plan.Totals().Need); c.known {
		h.Cost = &c.dollars
	}
	if file == stdio {
		return reconcile.WritePlan(stdout, h, plan)
	}
	err := writeWhole(file, func(w io.Writer) error { return reconcile.WritePlan(w, h, plan) })
	if err != nil {
		return fmt.Errorf("the plan cannot be saved: %w", err)
	}
	r.rep.notice("the plan is in " + file + ": carry it out with \"s3fc apply " + file + "\"")
	return nil
}

// costOf is about what requests to both trees cost.
func (r *run) costOf(need core.Requests) estimate {
	src, dst := r.bill(r.src, r.from), r.bill(r.dst, r.to)
	src.requests, dst.requests = split(need)
	return cost(src, dst)
}

// writeWhole writes a file beside its place and then puts it there.
func writeWhole(file string, write func(io.Writer) error) error {
	tmp := file + ".part"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666) //nolint:gosec // As the umask has it.
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 64<<10)
	err = errors.Join(write(w), w.Flush(), f.Close())
	if err == nil {
		err = os.Rename(tmp, file)
	}
	if err != nil {
		_ = os.Remove(tmp) // it is no plan
	}
	return err
}
