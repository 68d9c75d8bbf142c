package s3

import (
	"context"
	"iter"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// mostPages is how many pages of known keys a piece may have that turn out not
// to be there.
const mostPages = 100

// keyCutter cuts a listing at keys that are known from elsewhere, as many of
// them apart as make one page. Where they are the keys that the store has, each
// piece is one full page, and a listing that is split costs no request more than
// one that is not.
type keyCutter struct {
	l      *listing
	page   int    // how many keys a full page has
	after  string // the end of the first page
	known  string // the next known key
	stride int    // known keys from one cut to the next
	ready  []string
	pull   func() (string, bool)
	end    func()
}

// knownCutter returns what cuts the listing behind its first page at known keys,
// or nil: there are none, or few. A hint's keys are read once.
func (l *listing) knownCutter(hint core.KeyHint, first listPage) cutter {
	if hint.Keys == nil || l.cut {
		return nil
	}
	l.cut = true
	c := &keyCutter{l: l, page: len(first.objects), after: first.objects[len(first.objects)-1].key}
	c.pull, c.end = iter.Pull(hint.Keys)
	if c.prepare() {
		return c
	}
	c.stop()
	return nil
}

// take returns the next known key in the bucket, or "" if it is the last, where
// there is nothing to cut, or there is none.
func (c *keyCutter) take() string {
	key := c.known
	next, ok := c.pull()
	if !ok || key == "" {
		return ""
	}
	c.known = c.l.full(next)
	return key
}

// prepare finds out how many known keys make a page, and whether there are
// enough.
func (c *keyCutter) prepare() bool {
	first, ok := c.pull()
	if !ok {
		return false
	}
	for c.known = c.l.full(first); c.known <= c.after; c.stride++ {
		if c.take() == "" {
			return false
		}
	}
	for c.stride > 0 && len(c.ready) < splitPages-1 {
		cut := c.skip()
		if cut == "" {
			return false
		}
		c.ready = append(c.ready, cut)
	}
	return c.stride > 0
}

// skip returns the known key that is a stride further on, or "". One that no
// object can have, as of a file whose name is not UTF-8, a store may refuse.
func (c *keyCutter) skip() (key string) {
	for n := 0; n < c.stride || !c.l.readable(strings.TrimPrefix(key, c.l.prefix)); n++ {
		if key = c.take(); key == "" {
			return ""
		}
	}
	return key
}

func (c *keyCutter) next(context.Context) string {
	if len(c.ready) > 0 {
		cut := c.ready[0]
		c.ready = c.ready[1:]
		return cut
	}
	return c.skip()
}

// adapt makes the next pieces one page, and not a little more. The first page,
// by which they were measured, may have been a short one.
func (c *keyCutter) adapt(keys int) {
	c.page = max(c.page, c.l.most)
	switch {
	case keys > c.page:
		c.stride = max(1, c.stride*c.page*19/20/keys)
	case keys < c.page/2:
		c.stride = min(c.stride*2, c.page*mostPages)
	}
}

func (c *keyCutter) ahead() int { return 1 }

func (c *keyCutter) stop() { c.end() }
