package s3

import (
	"context"
	"iter"
	"strings"

	"github.com/s3fc/s3fc/core"
)

const (
	// spansAhead is how many pieces of a listing are fetched at once.
	spansAhead = 8
	// splitPages is how many pages a listing has to be likely to have, before it
	// is split.
	splitPages = 10
	// mostPages is how many pages of known keys a piece may have that turn out
	// not to be there.
	mostPages = 100
)

// cutter chooses where a listing is cut: at keys that are known from elsewhere,
// as many of them apart as make one page. Where they are the keys that the store
// has, each piece is one full page, and a listing that is split costs no request
// more than one that is not.
type cutter struct {
	page   int    // how many keys a full page has
	after  string // the last cut
	known  string // the next known key
	stride int    // known keys from one cut to the next
	ready  []string
	pull   func() (string, bool)
	stop   func()
}

// cutter returns what cuts the listing behind its first page, or nil if it is
// not to be cut: nothing is known, there are few keys, or the store is not known
// to list in order. A listing of a source is trusted with more than a page only
// at AWS: a store that has another order hides it if it is asked for pieces.
func (l *listing) cutter(ctx context.Context, first listPage) *cutter {
	hint, ok := core.KeyHintOf(ctx)
	if !ok || l.cut || l.express || l.opts.NotFlat || !(hint.Destination || l.aws) || len(first.objects) == 0 {
		return nil
	}
	l.cut = true // a hint is read once
	c := &cutter{page: len(first.objects), after: first.objects[len(first.objects)-1].key}
	c.pull, c.stop = iter.Pull(hint.Keys)
	if c.prepare(l.Tree) {
		return c
	}
	c.stop()
	return nil
}

// take returns the next known key in the bucket, or "" if it is the last, where
// there is nothing to cut, or there is none.
func (c *cutter) take(t *Tree) string {
	key := c.known
	next, ok := c.pull()
	if !ok || key == "" {
		return ""
	}
	c.known = t.full(next)
	return key
}

// prepare finds out how many known keys make a page, and whether there are
// enough.
func (c *cutter) prepare(t *Tree) bool {
	first, ok := c.pull()
	if !ok {
		return false
	}
	for c.known = t.full(first); c.known <= c.after; c.stride++ {
		if c.take(t) == "" {
			return false
		}
	}
	for c.stride > 0 && len(c.ready) < splitPages-1 {
		cut := c.skip(t)
		if cut == "" {
			return false
		}
		c.ready = append(c.ready, cut)
	}
	return c.stride > 0
}

// skip returns the known key that is a stride further on, or "".
func (c *cutter) skip(t *Tree) (key string) {
	for range c.stride {
		if key = c.take(t); key == "" {
			return ""
		}
	}
	return key
}

// next returns the next cut, or "" for the end.
func (c *cutter) next(t *Tree) string {
	if len(c.ready) > 0 {
		cut := c.ready[0]
		c.ready = c.ready[1:]
		return cut
	}
	return c.skip(t)
}

// adapt learns from a piece that had so many keys: the next ones are to make one
// page, and not a little more.
func (c *cutter) adapt(keys int) {
	switch {
	case keys > c.page:
		c.stride = max(1, c.stride*c.page*19/20/keys)
	case keys < c.page/2:
		c.stride = min(c.stride*2, c.page*mostPages)
	}
}

// span is a piece of a listing: the keys behind after, up to end.
type span struct {
	after, end string // in the bucket; an empty end is that of the listing
	pages      chan listed
}

// split yields what follows the first page, in order.
func (l *listing) split(ctx context.Context, c *cutter, yield func(core.Entry, error) bool) (more bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ahead []*span
	for ended := false; ; {
		for len(ahead) < spansAhead && !ended {
			s := &span{after: c.after, end: c.next(l.Tree), pages: make(chan listed, 1)}
			ahead, c.after, ended = append(ahead, s), s.end, s.end == ""
			l.spans.Go(func() { s.fetch(ctx, l.Tree) })
		}
		if len(ahead) == 0 {
			return true, nil
		}
		keys, last, more, err := l.span(ctx, ahead[0], yield)
		if !more || err != nil || last {
			return more, err
		}
		c.adapt(keys)
		ahead = ahead[1:]
	}
}

// fetch gets the pages of a span, until its end or that of the listing.
func (s *span) fetch(ctx context.Context, t *Tree) {
	defer close(s.pages)
	for q := (&pageQuery{after: s.after}); q != nil; {
		p, err := t.askPage(ctx, *q)
		if err == nil {
			err = p.decode()
		}
		done := err != nil || s.beyond(p)
		if !done {
			q, err = p.following()
		}
		select {
		case s.pages <- listed{p, err}:
		case <-ctx.Done():
			return
		}
		if done || err != nil {
			return
		}
	}
}

// beyond reports whether p reaches the end of the span.
func (s *span) beyond(p listPage) bool {
	n := len(p.objects)
	return s.end != "" && n > 0 && p.objects[n-1].key >= s.end
}

// span yields one piece. It returns how many keys it had; last is true if the
// listing ended with it.
func (l *listing) span(ctx context.Context, s *span, yield func(core.Entry, error) bool) (keys int, last, more bool, err error) {
	for p := range s.pages {
		if p.err != nil {
			return keys, false, true, p.err
		}
		if p.truncated {
			p.objects = s.cut(p.objects)
		}
		keys += len(p.objects)
		if more, err := l.page(ctx, p.listPage, yield); !more || err != nil {
			return keys, false, more, err
		}
		if !p.truncated { // what follows the span is here too, and there is no more
			return keys, true, true, nil
		}
	}
	return keys, s.end == "", true, ctx.Err()
}

// cut returns the objects that lie in the span. If they are not in order, all
// are in it: whoever checks the order is to see that.
func (s *span) cut(objects []pageObject) []pageObject {
	end := len(objects)
	for i, o := range objects {
		if i > 0 && strings.Compare(objects[i-1].key, o.key) >= 0 {
			return objects
		}
		if s.end != "" && o.key > s.end && i < end {
			end = i
		}
	}
	return objects[:end]
}
