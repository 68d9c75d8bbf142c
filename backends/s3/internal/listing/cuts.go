package listing

import "iter"

// mostPages is how many pages of known keys a range may have if the bucket turns
// out not to have them.
const mostPages = 100

// cutter chooses where a listing is split: at known keys, as many of them apart
// as make one page. Where the bucket has the known keys, each range is one full
// page, and a split listing costs no request more than another.
type cutter struct {
	page   int    // keys of a full page
	after  string // the last key of the first page
	known  string // the next known key
	stride int    // known keys from one cut to the next
	ready  []string
	usable func(string) bool
	pull   func() (string, bool)
	stop   func()
}

// newCutter returns a cutter for the keys that follow the first page, or nil if
// no keys are known, or few. Its stop is called after use.
func (r *run) newCutter(first *Page) *cutter {
	if r.Known == nil || len(first.Objects) == 0 || !first.orderedAfter("") {
		return nil
	}
	c := &cutter{page: len(first.Objects), after: first.last(), usable: r.Usable}
	c.pull, c.stop = iter.Pull(r.Known)
	if !c.prepare() {
		c.stop()
		return nil
	}
	return c
}

// take returns the next known key, or "" if it is the last, where there is
// nothing to split, or there is none.
func (c *cutter) take() string {
	key := c.known
	next, ok := c.pull()
	if !ok || key == "" {
		return ""
	}
	c.known = next
	return key
}

// prepare counts the known keys of the first page, and reports whether enough
// follow it.
func (c *cutter) prepare() bool {
	first, ok := c.pull()
	if !ok {
		return false
	}
	for c.known = first; c.known <= c.after; c.stride++ {
		if c.take() == "" {
			return false
		}
	}
	for c.stride > 0 && len(c.ready) < fewPages-1 {
		cut := c.skip()
		if cut == "" {
			return false
		}
		c.ready = append(c.ready, cut)
	}
	return c.stride > 0
}

// skip returns the first usable known key that is at least a stride further on,
// or "".
func (c *cutter) skip() (key string) {
	for n := 0; n < c.stride || !c.usable(key); n++ {
		if key = c.take(); key == "" {
			return ""
		}
	}
	return key
}

// next returns the key up to which the next range goes, or "" if the rest is one
// range.
func (c *cutter) next() string {
	if len(c.ready) > 0 {
		cut := c.ready[0]
		c.ready = c.ready[1:]
		return cut
	}
	return c.skip()
}

// adapt makes the next ranges one page and not a little more: the last range had
// so many keys, and the longest page so many. The first page, by which ranges are
// measured at first, may have been a short one.
func (c *cutter) adapt(keys, longest int) {
	c.page = max(c.page, longest)
	switch {
	case keys > c.page:
		c.stride = max(1, c.stride*c.page*19/20/keys)
	case keys < c.page/2:
		c.stride = min(c.stride*2, c.page*mostPages)
	}
}
