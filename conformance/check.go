package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// Check compares a tree with the entries that it should have: each must be listed,
// found and read, and nothing else may be listed but a [core.Other]. The content of
// a file is read and compared with Size, and with MD5 where that is known. ModTime
// is compared, to the second, if it is set and the tree stores it. The error has
// all differences; nil means that there are none.
func Check(ctx context.Context, tree core.Tree, want []core.Entry) error {
	c := &comparison{ctx: ctx, tree: tree, listed: map[string]core.Entry{}}
	c.list()
	want = slices.SortedFunc(slices.Values(want), func(a, b core.Entry) int { return strings.Compare(a.Key, b.Key) })
	for _, w := range want {
		c.entry(w)
		delete(c.listed, w.Key)
	}
	for key, e := range c.listed {
		if e.Kind != core.Other {
			c.failf("%s is listed and should not be there", core.DisplayKey(key))
		}
	}
	slices.SortFunc(c.errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(c.errs...)
}

type comparison struct {
	ctx    context.Context
	tree   core.Tree
	listed map[string]core.Entry
	errs   []error
}

func (c *comparison) failf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

func (c *comparison) list() {
	last := ""
	for e, err := range c.tree.List(c.ctx, "") {
		switch _, twice := c.listed[e.Key]; {
		case err != nil:
			c.failf("listing: %w", err)
			continue
		case twice:
			c.failf("%s is listed twice", core.DisplayKey(e.Key))
		case e.Key < last && !c.tree.Features().Unordered:
			c.failf("%s is listed after %s", core.DisplayKey(e.Key), core.DisplayKey(last))
		}
		c.listed[e.Key] = e
		last = e.Key
	}
}

// entry compares the listed, found and read entry at one key with want.
func (c *comparison) entry(want core.Entry) {
	name := core.DisplayKey(want.Key)
	listed, ok := c.listed[want.Key]
	if !ok {
		c.failf("%s is not listed", name)
	} else if !listed.Partial {
		c.same("listed", listed, want)
	}
	stat, err := c.tree.Stat(c.ctx, want.Key)
	if err != nil {
		c.failf("stat %s: %w", name, err)
		return
	}
	c.same("found", stat, want)
	content, opened, err := read(c.ctx, c.tree, want.Key)
	if err != nil {
		c.failf("reading %s: %w", name, err)
		return
	}
	c.same("opened", opened, want)
	if want.Kind == core.File && (int64(len(content)) != want.Size || (want.MD5.Known() && core.SumMD5(content) != want.MD5)) {
		c.failf("%s: content of %d bytes, md5 %s; want %s", name, len(content), core.SumMD5(content), show(want))
	}
}

func (c *comparison) same(how string, got, want core.Entry) {
	ok := got.Kind == want.Kind
	switch want.Kind {
	case core.File:
		ok = ok && got.Size == want.Size && (!got.MD5.Known() || !want.MD5.Known() || got.MD5 == want.MD5)
		ok = ok && (want.ModTime.IsZero() || !c.tree.Features().ModTimes || sameSecond(got, want))
	case core.Link:
		ok = ok && got.Target.Same(want.Target)
	}
	if !ok {
		c.failf("%s: %s as %s, want %s", core.DisplayKey(want.Key), how, show(got), show(want))
	}
}

// sameSecond compares modification times to the second, as exactly as every store
// with ModTimes has them.
func sameSecond(e, f core.Entry) bool { return e.ModTime.Unix() == f.ModTime.Unix() }
