package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

// List implements [core.Tree]: one LIST for each 1,000 keys, the next page being
// fetched while the current one is worked on. All files are Partial: a listing
// has neither redirects nor metadata, and an ETag that looks like an md5 need
// not be one ([core.Prover] knows what it proves).
//
// If nothing at all lies under a prefix, one HEAD looks whether the URL names a
// single object.
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		l := &listing{Tree: t, after: after, lone: map[string]bool{}}
		defer func() { // no goroutine outlives the sequence
			cancel()
			if l.next != nil {
				<-l.next
			}
			l.spans.Wait()
		}()
		more, err := l.run(ctx, yield)
		if more && err == nil {
			err = l.end(ctx)
		}
		if more && err != nil {
			yield(core.Entry{}, t.fail("list", "", err))
		}
	}
}

// listing is one run of List.
type listing struct {
	*Tree
	after   string
	next    <-chan listed   // the page that is being fetched, or nil
	spans   sync.WaitGroup  // of what is fetched beside it
	cut     bool            // the keys of a hint were looked at
	whole   bool            // nothing is to be split any more
	skip    string          // the key in the bucket up to which all was yielded
	seen    bool            // anything at all
	ended   bool            // the last page was seen
	markers int             // of directories, left out
	most    int             // keys that a page has
	keys    int             // that were seen
	sent    int             // requests, but for those of pieces whose turn has not come
	flying  int             // such pieces
	lone    map[string]bool // directories that were asked about by alone
}

// run yields all pages. It returns more false if nothing more is wanted.
func (l *listing) run(ctx context.Context, yield func(core.Entry, error) bool) (more bool, err error) {
	return l.stretch(ctx, l.startAfter(l.after), "", stint{due: splitPages}, yield)
}

// stretch yields what q asks for, up to the key to: page by page, until what
// follows is to be split. The stint is that of the pages before.
func (l *listing) stretch(ctx context.Context, q pageQuery, to string, s stint, yield func(core.Entry, error) bool) (more bool, err error) {
	l.next = l.fetch(ctx, q)
	for l.next != nil {
		p := <-l.next
		l.next = nil
		if p.err != nil {
			return true, p.err
		}
		q, err := p.following()
		if err != nil {
			return true, err
		}
		s.add(p.listPage)
		if !s.ordered() {
			to = "" // it is the listing that is out of order: no piece of it ends here
		}
		l.most = max(l.most, len(p.objects))
		if q != nil && !reaches(p.listPage, to) {
			if c := l.cutter(ctx, &s, p.listPage, to); c != nil {
				return l.split(ctx, c, p.listPage, *q, to, yield)
			}
			l.next = l.fetch(ctx, *q)
		}
		if more, err := l.take(ctx, p.listPage, to, yield); !more || err != nil {
			return more, err
		}
	}
	return true, nil
}

// end is what a listing that came to its end has still to say.
func (l *listing) end(ctx context.Context) error {
	if l.markers > 0 {
		l.opts.Env.Logger().DebugContext(ctx, "directory markers left out", "tree", l.name, "count", l.markers)
	}
	if !l.seen && l.after == "" && !l.opts.Env.Create { // a destination may well be empty: the question would be wasted
		return l.checkSingle(ctx)
	}
	return ctx.Err()
}

// listed is a page, or why there is none.
type listed struct {
	listPage
	err error
}

// fetch gets a page in the background. The channel has room for it, so that
// nobody has to receive it.
func (t *Tree) fetch(ctx context.Context, q pageQuery) <-chan listed {
	ch := make(chan listed, 1)
	go func() {
		p, err := t.askPage(ctx, q)
		if err == nil {
			err = p.decode()
		}
		p.token = q.token
		if err == nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		ch <- listed{p, err}
	}()
	return ch
}

// startAfter asks for the keys of the tree that follow after.
func (t *Tree) startAfter(after string) pageQuery {
	if after == "" || t.express { // a directory bucket knows no StartAfter
		return pageQuery{}
	}
	return pageQuery{after: t.full(after)}
}

// following asks for the page that follows p; it is nil if p is the last.
func (p listPage) following() (*pageQuery, error) {
	if !p.truncated {
		return nil, nil
	}
	if p.next == "" {
		return nil, errors.New("the store says that the listing goes on, but not where")
	}
	if p.next == p.token {
		return nil, errors.New("the store answers with the same page of the listing again and again")
	}
	return &pageQuery{token: p.next}, nil
}

func (l *listing) page(ctx context.Context, p listPage, yield func(core.Entry, error) bool) (more bool, err error) {
	for i := range p.objects {
		o := &p.objects[i]
		if ctx.Err() != nil {
			return true, ctx.Err()
		}
		l.seen = true
		if l.skip != "" && o.key <= l.skip {
			continue
		}
		l.skip = "" // what is out of order is yielded
		rel, ok := strings.CutPrefix(o.key, l.prefix)
		if !ok {
			return true, fmt.Errorf("the store listed %q under the prefix %q", o.key, l.prefix)
		}
		if l.marker(rel, o.size) || (l.after != "" && rel <= l.after) {
			continue
		}
		if !yield(l.listedEntry(rel, o), nil) {
			return false, nil
		}
	}
	return true, nil
}

// marker reports whether an object only stands for a directory, as some tools
// make them.
func (l *listing) marker(key string, size int64) bool {
	is := key == "" || (size == 0 && strings.HasSuffix(key, "/"))
	if is {
		l.markers++
	}
	return is
}

// decode decodes the keys of a page if the answer says that they are encoded:
// not every store does what it was asked for.
func (p *listPage) decode() error {
	if !p.encoded {
		return nil
	}
	for i := range p.objects {
		o := &p.objects[i]
		decoded, err := url.QueryUnescape(o.key)
		if err != nil {
			return fmt.Errorf("the store listed a key that it encoded wrongly: %q: %w", o.key, err)
		}
		o.key = decoded
	}
	for i, n := range p.names {
		decoded, err := url.QueryUnescape(n)
		if err != nil {
			return fmt.Errorf("the store listed a name that it encoded wrongly: %q: %w", n, err)
		}
		p.names[i] = decoded
	}
	p.encoded = false
	return nil
}

// listedEntry makes an entry of an object in a listing.
func (t *Tree) listedEntry(key string, o *pageObject) core.Entry {
	e := core.Entry{Key: key, Size: o.size, Token: format.BareETag(&o.etag), Changed: o.changed}
	if err := core.CheckKey(key); err != nil {
		e.Problem = err
		return e
	}
	e.Kind, e.Partial, e.MaybeLink = core.File, true, format.MayBeLink(e.Size) && !t.express
	return e
}

// checkSingle returns an error if the URL names a single object.
func (t *Tree) checkSingle(ctx context.Context) error {
	if t.prefix == "" {
		return nil
	}
	name := strings.TrimSuffix(t.prefix, "/")
	if _, err := t.head(ctx, name); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return nil // not there, or it cannot be asked: the prefix is empty
	}
	return fmt.Errorf("s3://%s/%s is one object, and nothing lies below it: give the prefix that it lies under", t.bucketName, name)
}
