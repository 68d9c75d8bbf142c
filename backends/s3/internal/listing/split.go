package listing

import (
	"context"
	"fmt"
)

const (
	// rangesAtOnce is how many ranges of a listing are fetched at once.
	rangesAtOnce = 8
	// fewPages is how many pages a listing has to have before it is split.
	fewPages = 10
)

// keyRange is a range of the keys of a listing: those that follow after, up to
// end.
type keyRange struct {
	from       Query
	after, end string // an empty end is that of the listing
	pages      chan fetched
	peeked     *fetched // the first page, if it was looked at before its turn
}

// fetched is a page of a range, or the error instead of one.
type fetched struct {
	page     Page
	next     *Query // for the page that follows; nil for none
	disorder bool   // of this page or an earlier one
	err      error
}

// receive returns the next page of the range; ok is false after the last one.
func (g *keyRange) receive() (a fetched, ok bool) {
	if g.peeked != nil {
		a, g.peeked = *g.peeked, nil
		return a, true
	}
	a, ok = <-g.pages
	return a, ok
}

// peek returns the first page of the range that is not empty, or its last page,
// before its turn; ok is false if there is none.
func (g *keyRange) peek() (a fetched, ok bool) {
	for {
		a, ok = g.receive()
		if !ok || a.err != nil || len(a.page.Objects) > 0 || a.next == nil {
			if ok {
				g.peeked = &a
			}
			return a, ok
		}
	}
}

// split yields the page p and the keys that follow it, several ranges of which
// are fetched at once. The first range goes on at q, where the store said that the
// page ends.
func (r *run) split(ctx context.Context, c *cutter, p Page, q Query) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := &keyRange{from: q, after: p.last()}
	queue, next := r.begin(ctx, c, nil, next)
	err := r.use(ctx, p.Objects)
	for err == nil && len(queue) > 0 && !r.ended {
		before := r.keys
		err = r.read(ctx, queue)
		c.adapt(r.keys-before, r.longest)
		queue, next = r.begin(ctx, c, queue[1:], next)
	}
	return err
}

// begin begins to fetch the ranges that follow queue, of which next is the first.
// It returns all ranges that are being fetched, and the one that follows them, or
// nil.
func (r *run) begin(ctx context.Context, c *cutter, queue []*keyRange, next *keyRange) ([]*keyRange, *keyRange) {
	for next != nil && len(queue) < rangesAtOnce && !r.ended {
		g := next
		if g.end = c.next(); g.end != "" {
			next = &keyRange{from: Query{After: g.end}, after: g.end}
		} else {
			next = nil
		}
		queue = append(queue, r.fetch(ctx, g))
	}
	return queue, next
}

// fetch gets the pages of a range in the background. A range with an end is a
// page ahead of its reader.
func (r *run) fetch(ctx context.Context, g *keyRange) *keyRange {
	ahead := 0
	if g.end != "" {
		ahead = 1
	}
	g.pages = make(chan fetched, ahead)
	r.fetchers.Go(func() { r.fetchPages(ctx, g) })
	return g
}

// fetchPages gets pages until the range or the listing ends. A range whose keys
// are out of order ends with the listing: its end may lie anywhere.
func (r *run) fetchPages(ctx context.Context, g *keyRange) {
	defer close(g.pages)
	last, disorder := g.after, false
	for q := &g.from; q != nil; {
		p, next, err := r.ask(ctx, *q)
		if err == nil && next == nil && len(p.Objects) == 0 && q.Token != "" && !r.NoStart {
			p, next, err = r.askAgain(ctx, p, last)
		}
		disorder = disorder || !p.orderedAfter(last)
		if len(p.Objects) > 0 {
			last = p.last()
		}
		if q = next; !disorder && p.reaches(g.end) {
			q = nil
		}
		select {
		case g.pages <- fetched{p, next, disorder, err}:
		case <-ctx.Done():
			return
		}
	}
}

// read yields the objects of the first range in the queue. If it is out of order,
// then so is the listing, and the rest of it is all that is yielded.
func (r *run) read(ctx context.Context, queue []*keyRange) error {
	g, first := queue[0], queue[0].from.Token == ""
	for {
		a, ok := g.receive()
		switch {
		case !ok:
			return ctx.Err()
		case a.err != nil:
			return a.err
		}
		p := a.page
		if first && len(p.Objects) > 0 {
			if first = false; p.Objects[0].Key <= g.after {
				return r.again(ctx)
			}
		}
		r.longest = max(r.longest, len(p.Objects))
		if g.end == "" || a.disorder || a.next != nil && !p.reaches(g.end) {
			r.ended = a.next == nil
			if err := r.use(ctx, p.Objects); err != nil {
				return err
			}
			continue
		}
		return r.yieldLast(ctx, a, g.end, queue[1])
	}
}

// yieldLast yields the last page of a range that ends at the key end. The objects of
// that page which follow end must be those with which the next range begins. If
// they are not, the store has an order of its own, in which the ranges may leave
// objects out, or the bucket is being changed: the listing goes on from that page as
// the store has it, and its disorder, if there is any, shows.
func (r *run) yieldLast(ctx context.Context, a fetched, end string, following *keyRange) error {
	p, last := a.page, a.next == nil
	n := upTo(p.Objects, end)
	next, ok := following.peek()
	if !ok {
		return ctx.Err()
	}
	fits := next.err == nil && continues(p.Objects[n:], last, next)
	switch {
	case next.err != nil, fits && !last:
		return r.use(ctx, p.Objects[:n])
	case last && !fits && len(p.Objects) == n: // objects appeared behind the end in the meantime
		return r.use(ctx, p.Objects)
	case last && !fits:
		if err := r.use(ctx, p.Objects[:n]); err != nil {
			return err
		}
		return r.again(ctx)
	}
	r.ended = true
	if err := r.use(ctx, p.Objects); err != nil || last {
		return err
	}
	return r.drain(ctx, r.fetch(ctx, &keyRange{from: *a.next}))
}

// continues reports whether the objects over, which follow the end of a range, are
// those of the next range, as far as both go. The last ones of the listing must be
// all that the next range has.
func continues(over []Object, last bool, next fetched) bool {
	have := next.page.Objects
	if last && (next.next != nil || len(have) != len(over)) || next.next == nil && len(over) > len(have) {
		return false
	}
	for i := range min(len(over), len(have)) {
		if over[i].Key != have[i].Key {
			return false
		}
	}
	return true
}

// again lists without ranges the objects that follow the last one that was used, as
// the store has them. It is for a store that began elsewhere than it was asked to.
func (r *run) again(ctx context.Context) error {
	r.skip, r.ended = r.last, true
	err := r.drain(ctx, r.fetch(ctx, &keyRange{from: r.start(r.After)}))
	if err == nil && r.skip != "" {
		return fmt.Errorf("%q was listed, and is gone from the next listing", r.skip)
	}
	return err
}
