package listing

import "context"

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
	pages      chan answer
}

// answer is a page of a range, or the error instead of one.
type answer struct {
	page     Page
	disorder bool // of this page or an earlier one
	err      error
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
		err = r.read(ctx, queue[0])
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
	g.pages = make(chan answer, ahead)
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
		disorder = disorder || !p.orderedAfter(last)
		if len(p.Objects) > 0 {
			last = p.last()
		}
		if q = next; !disorder && p.reaches(g.end) {
			q = nil
		}
		select {
		case g.pages <- answer{p, disorder, err}:
		case <-ctx.Done():
			return
		}
	}
}

// read yields the objects of one range. If it is out of order, then so is the
// listing, and the rest of it is all that is yielded.
func (r *run) read(ctx context.Context, g *keyRange) error {
	first := g.from.Token == ""
	for a := range g.pages {
		if a.err != nil {
			return a.err
		}
		p := a.page
		if first && len(p.Objects) > 0 {
			if first = false; p.Objects[0].Key <= g.after {
				return r.again(ctx, g.after)
			}
		}
		r.longest = max(r.longest, len(p.Objects))
		if p.Truncated && g.end != "" && !a.disorder {
			p.Objects = p.Objects[:upTo(p.Objects, g.end)]
		}
		r.ended = !p.Truncated
		if err := r.use(ctx, p.Objects); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// again lists without ranges what follows the key after, from a store that began
// elsewhere than it was asked to. All keys up to after were yielded.
func (r *run) again(ctx context.Context, after string) error {
	r.skip, r.ended = after, true
	return r.drain(ctx, r.fetch(ctx, &keyRange{from: r.start(r.After)}))
}
