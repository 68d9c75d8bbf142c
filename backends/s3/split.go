package s3

import (
	"context"
	"sort"

	"github.com/s3fc/s3fc/core"
)

const (
	// spansAhead is how many pieces of a listing are fetched at once.
	spansAhead = 8
	// splitPages is how many pages a listing has to have, or to be likely to
	// have, before it is split.
	splitPages = 10
)

// A cutter chooses where what is left of a listing is cut into pieces.
type cutter interface {
	// next returns the key in the bucket up to which the next piece goes, or ""
	// if the rest is one piece.
	next(ctx context.Context) string
	// adapt learns that a piece had so many keys.
	adapt(keys int)
	// ahead is how many pages of a piece are fetched before they are wanted.
	ahead() int
	stop()
}

// cutter returns what cuts what follows the page p up to the key to, or nil if
// that is not to be cut, or not yet.
func (l *listing) cutter(ctx context.Context, s *stint, p listPage, to string) cutter {
	hint, ok := core.KeyHintOf(ctx)
	if !ok || l.whole || l.express || l.opts.NotFlat || !(l.aws || mayMiss(hint)) || len(p.objects) == 0 || !s.ordered() {
		return nil
	}
	if c := l.knownCutter(hint, p); c != nil {
		return c
	}
	if s.pages < s.due {
		return nil
	}
	s.due = 2 * s.pages
	return l.nameCutter(ctx, s, p, to)
}

// mayMiss reports whether a store that has an order of its own may hide entries,
// because nothing is lost by it.
func mayMiss(h core.KeyHint) bool { return h.Harmless != nil && h.Harmless() }

// split yields the page p, and what follows it up to the key to, in order. The
// first piece goes on where the page ended, as the store has it.
func (l *listing) split(ctx context.Context, c cutter, p listPage, q pageQuery, to string, yield func(core.Entry, error) bool) (more bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.stop()
	next := &span{from: q, after: p.objects[len(p.objects)-1].key}
	ahead, next := l.begin(ctx, c, nil, next, to)
	more, err = l.take(ctx, p, to, yield)
	for more && err == nil && len(ahead) > 0 {
		before := l.keys
		l.flying--
		more, err = l.span(ctx, ahead[0], yield)
		if l.ended {
			break
		}
		c.adapt(l.keys - before)
		ahead, next = l.begin(ctx, c, ahead[1:], next, to)
	}
	return more, err
}

// begin sets out to fetch what follows ahead, next first. It returns all that is
// being fetched, and what follows that, or nil.
func (l *listing) begin(ctx context.Context, c cutter, ahead []*span, next *span, to string) (all []*span, after *span) {
	for next != nil && len(ahead) < spansAhead {
		s := next
		if s.end = c.next(ctx); s.end != "" {
			next = &span{from: pageQuery{after: s.end}, after: s.end}
		} else {
			s.end, next = to, nil
		}
		s.pages = make(chan listed, c.ahead())
		l.flying++
		l.spans.Go(func() { s.fetch(ctx, l.Tree) })
		ahead = append(ahead, s)
	}
	return ahead, next
}

// span is a piece of a listing: the keys behind after, up to end.
type span struct {
	from       pageQuery
	after, end string // in the bucket; an empty end is that of the listing
	pages      chan listed
	// What is to be read once pages is closed: where to go on if the piece is
	// longer than pieces are to be, or is not in order.
	stint stint
	rest  *pageQuery
}

// fetch gets the pages of a span, until its end or that of the listing, or until
// it is as long as a listing that may be split, or out of order.
func (s *span) fetch(ctx context.Context, t *Tree) {
	defer close(s.pages)
	s.stint.last = s.after
	for q := &s.from; q != nil; {
		p, err := t.askPage(ctx, *q)
		if err == nil {
			err = p.decode()
		}
		p.token = q.token
		s.stint.add(p)
		if q = nil; err == nil && !(s.stint.ordered() && reaches(p, s.end)) {
			q, err = p.following()
		}
		if !s.stint.ordered() || s.stint.pages == splitPages {
			s.rest, q = q, nil
		}
		select {
		case s.pages <- listed{p, err}:
		case <-ctx.Done():
			return
		}
	}
}

// reaches reports whether a page reaches the key end.
func reaches(p listPage, end string) bool {
	n := len(p.objects)
	return end != "" && n > 0 && p.objects[n-1].key >= end
}

// span yields one piece. If it is out of order, then so is the listing, and what
// the store has behind it is all that is yielded after it.
func (l *listing) span(ctx context.Context, s *span, yield func(core.Entry, error) bool) (more bool, err error) {
	order := stint{last: s.after}
	for p := range s.pages {
		if p.err != nil {
			return true, p.err
		}
		if len(p.objects) > 0 && p.token == "" && p.objects[0].key <= s.after {
			return l.again(ctx, s.after, yield)
		}
		l.most = max(l.most, len(p.objects))
		if order.add(p.listPage); !order.ordered() {
			s.end = ""
		}
		if more, err := l.take(ctx, p.listPage, s.end, yield); !more || err != nil || l.ended {
			return more, err
		}
	}
	if s.rest == nil || ctx.Err() != nil {
		return true, ctx.Err()
	}
	return l.stretch(ctx, *s.rest, s.end, s.stint, yield)
}

// again lists as a whole what follows the key after, from a store that begins
// elsewhere than it is asked to. What comes up to after was yielded.
func (l *listing) again(ctx context.Context, after string, yield func(core.Entry, error) bool) (more bool, err error) {
	l.whole, l.skip = true, after
	more, err = l.stretch(ctx, l.startAfter(l.after), "", stint{}, yield)
	l.ended = true
	return more, err
}

// take yields what of a page lies in its piece, which goes up to end. With the
// last page of the listing all that is to come is there.
func (l *listing) take(ctx context.Context, p listPage, end string, yield func(core.Entry, error) bool) (more bool, err error) {
	if p.truncated && end != "" {
		n := sort.Search(len(p.objects), func(i int) bool { return p.objects[i].key > end })
		p.objects = p.objects[:n]
	}
	l.ended = !p.truncated
	l.sent++
	l.keys += len(p.objects)
	return l.page(ctx, p, yield)
}

// stint is what is remembered of pages that came one after the other.
type stint struct {
	pages    int
	due      int      // at so many pages it is seen whether to split
	firsts   []string // the first keys of the last pages
	last     string   // the last key
	disorder bool
}

func (s *stint) ordered() bool { return !s.disorder }

func (s *stint) add(p listPage) {
	s.pages++
	for i, o := range p.objects {
		s.disorder = s.disorder || o.key <= s.last && (i > 0 || s.last != "")
		s.last = o.key
	}
	if len(p.objects) == 0 {
		return
	}
	if s.firsts = append(s.firsts, p.objects[0].key); len(s.firsts) > splitPages {
		s.firsts = s.firsts[1:]
	}
}
