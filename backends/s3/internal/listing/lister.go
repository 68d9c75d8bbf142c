package listing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sort"
	"strings"
	"sync"
)

// Lister lists the objects of a bucket below a prefix. Its fields are set before
// its first use; it is safe for concurrent use.
type Lister struct {
	// Ask gets one page of the keys that begin with Prefix.
	Ask func(ctx context.Context, q Query) (Page, error)
	// Prefix is how each listed key has to begin. Empty is the whole bucket.
	Prefix string
	// After is a key in the bucket; only objects that follow it are yielded.
	After string
	// NoStart says that the store cannot begin behind a key.
	NoStart bool
	// Known, if not nil, yields keys in order that the bucket is likely to have: a
	// long listing is split at some of them. It is read once, from one goroutine.
	Known iter.Seq[string]
	// Encoding is how the keys of pages are encoded. It is shared by the listings of
	// one store.
	Encoding *Encoding
	// Usable reports whether a known key can be the key of an object. Stores
	// refuse to begin behind one that cannot.
	Usable func(key string) bool
}

// Pages yields the objects page by page, in the store's order: one request for
// each page, the next page being fetched while the current one is used. If the
// listing is split, each range of keys may cost one request more. An error ends
// the sequence.
func (l *Lister) Pages(ctx context.Context) iter.Seq2[[]Object, error] {
	return func(yield func([]Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		r := &run{Lister: l, yield: yield}
		defer func() { // no goroutine outlives the sequence
			cancel()
			r.fetchers.Wait()
		}()
		if err := r.list(ctx); err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// First returns the objects of the first page that has any, or none.
func (l *Lister) First(ctx context.Context) ([]Object, error) {
	var first []Object
	r := &run{Lister: l, yield: func(objects []Object, _ error) bool {
		first = objects
		return false
	}}
	p, _, err := r.firstPage(ctx)
	if err == nil {
		err = r.use(ctx, p.Objects)
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return first, err
}

// errEnough says that no further page is wanted.
var errEnough = errors.New("enough")

// run is one use of a Lister.
type run struct {
	*Lister
	yield    func([]Object, error) bool
	fetchers sync.WaitGroup

	keys    int    // so far
	longest int    // keys of the longest page
	last    string // the key that was used last
	skip    string // if not empty: all objects up to this one were used before
	ended   bool   // the store's last page was yielded
}

// list yields all pages. The first one is fetched alone, since the number of its
// keys tells where to split the rest.
func (r *run) list(ctx context.Context) error {
	p, next, err := r.firstPage(ctx)
	if err != nil {
		return err
	}
	if next == nil {
		return r.use(ctx, p.Objects)
	}
	if c := r.newCutter(&p); c != nil {
		defer c.stop()
		return r.split(ctx, c, p, *next)
	}
	rest := r.fetch(ctx, &keyRange{from: *next, after: p.last()})
	if err := r.use(ctx, p.Objects); err != nil {
		return err
	}
	return r.drain(ctx, rest)
}

// firstPage gets the first page that has objects, or the last one.
func (r *run) firstPage(ctx context.Context) (p Page, next *Query, err error) {
	p, next, err = r.ask(ctx, r.start(r.After))
	for err == nil && next != nil && len(p.Objects) == 0 {
		p, next, err = r.ask(ctx, *next)
	}
	return p, next, err
}

// start asks for the keys that follow after.
func (r *run) start(after string) Query {
	if r.NoStart {
		return Query{}
	}
	return Query{After: after}
}

// ask gets one page, and the query for the page that follows it.
func (r *run) ask(ctx context.Context, q Query) (p Page, next *Query, err error) {
	if p, err = r.Ask(ctx, q); err != nil {
		return p, nil, err
	}
	if err = r.Encoding.decode(&p, r.Prefix); err != nil {
		return p, nil, err
	}
	if next, err = p.next(q); err == nil {
		err = ctx.Err()
	}
	return p, next, err
}

// askAgain asks for the keys that follow last, after an empty page that says that
// it is the last one, and that an earlier page had announced. Some stores lose
// pages whose token they made, but not their keys. It returns p if there are none.
func (r *run) askAgain(ctx context.Context, p Page, last string) (Page, *Query, error) {
	again, next, err := r.ask(ctx, r.start(last))
	if err != nil || len(again.Objects) == 0 || again.Objects[0].Key <= last {
		return p, nil, err
	}
	return again, next, nil
}

// drain yields all that is left of a range which has no end.
func (r *run) drain(ctx context.Context, g *keyRange) error {
	for a := range g.pages {
		if a.err != nil {
			return a.err
		}
		if err := r.use(ctx, a.page.Objects); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// use yields those of the objects that were not yielded before.
func (r *run) use(ctx context.Context, objects []Object) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.keys += len(objects)
	for i := range objects {
		if !strings.HasPrefix(objects[i].Key, r.Prefix) {
			return fmt.Errorf("the store listed %q under the prefix %q", objects[i].Key, r.Prefix)
		}
	}
	if objects = r.unseen(objects); len(objects) > 0 {
		r.last = objects[len(objects)-1].Key
	}
	if r.After != "" {
		objects = following(objects, r.After)
	}
	if len(objects) > 0 && !r.yield(objects, nil) {
		return errEnough
	}
	return nil
}

// unseen leaves out the objects up to the one with the key skip, wherever the
// store's order has it.
func (r *run) unseen(objects []Object) []Object {
	if r.skip == "" {
		return objects
	}
	for i := range objects {
		if objects[i].Key == r.skip {
			r.skip = ""
			return objects[i+1:]
		}
	}
	return nil
}

// following returns the objects that follow a key, in whatever order they are.
func following(objects []Object, after string) []Object {
	n := 0
	for i := range objects {
		if objects[i].Key > after {
			objects[n] = objects[i]
			n++
		}
	}
	return objects[:n]
}

// upTo returns how many objects, which are in order, do not follow the key end.
func upTo(objects []Object, end string) int {
	return sort.Search(len(objects), func(i int) bool { return objects[i].Key > end })
}
