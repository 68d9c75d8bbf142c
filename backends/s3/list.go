package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// List implements [core.Tree]: one LIST for each 1,000 keys, the next page being
// fetched while the current one is used. All files are Partial: a listing has
// neither redirects nor metadata, and an ETag that looks like an md5 need not be
// one ([core.Prover] knows which entries it proves).
//
// If nothing at all lies under a prefix, one HEAD looks whether the URL names a
// single object.
func (t *Tree) List(ctx context.Context, after string) iter.Seq2[core.Entry, error] {
	return func(yield func(core.Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		seen, markers := false, 0
		for objects, err := range t.lister(ctx, after).Pages(ctx) {
			if err != nil {
				yield(core.Entry{}, t.fail("list", "", err))
				return
			}
			seen = true
			for i := range objects {
				o := &objects[i]
				key := o.Key[len(t.prefix):]
				switch {
				case ctx.Err() != nil:
					yield(core.Entry{}, t.fail("list", "", ctx.Err()))
					return
				case isMarker(key, o.Size):
					markers++
				case !yield(t.listedEntry(key, o), nil):
					return
				}
			}
		}
		if markers > 0 {
			t.opts.Env.Logger().DebugContext(ctx, "directory markers left out", "tree", t.name, "count", markers)
		}
		if !seen && after == "" && !t.opts.Env.Create { // a destination may well be empty: the question would be wasted
			if err := t.checkSingle(ctx); err != nil {
				yield(core.Entry{}, t.fail("list", "", err))
			}
		}
	}
}

// lister returns the listing of the keys of the tree that follow after. It is
// split at the keys of a hint where nothing is lost if the store hides an entry:
// some stores hide keys when they are asked for ranges, because they have an
// order of their own.
func (t *Tree) lister(ctx context.Context, after string) *listing.Lister {
	l := t.newLister(t.prefix)
	if after != "" {
		l.After = t.full(after)
	}
	hint, ok := core.KeyHintOf(ctx)
	if ok && (t.aws || hint.Harmless) && !t.express && !t.opts.NotFlat {
		l.Known = func(yield func(string) bool) {
			for key := range hint.Keys {
				if !yield(t.full(key)) {
					return
				}
			}
		}
	}
	return l
}

// newLister returns the listing of the keys in the bucket that begin with prefix.
func (t *Tree) newLister(prefix string) *listing.Lister {
	return &listing.Lister{
		Ask:    func(ctx context.Context, q listing.Query) (listing.Page, error) { return t.askPage(ctx, prefix, q) },
		Prefix: prefix, NoStart: t.express, Encoding: t.keys.encoding,
		Usable: func(key string) bool { return t.readable(strings.TrimPrefix(key, t.prefix)) },
	}
}

// askPage gets one page of a listing: one LIST. A page of which the answer says
// that it has more objects is asked for once more, and then is an error: the missing
// ones would be taken for deleted.
func (t *Tree) askPage(ctx context.Context, prefix string, q listing.Query) (listing.Page, error) {
	for try := 1; ; try++ {
		p, err := t.readPage(ctx, prefix, q)
		if err != nil {
			return p, err
		}
		switch missing := p.Missing(); {
		case missing < 0:
			t.can.Lose(ability.KeyCount)
		case missing > 0 && t.can.Has(ability.KeyCount) && try == 2:
			return p, fmt.Errorf("the store's answer has %d objects, and its KeyCount is %d: objects are missing, or, if KeyCount is wrong, add %s=%s to the URL",
				len(p.Objects), p.Count, paramLacks, ability.KeyCount.Name())
		case missing > 0 && t.can.Has(ability.KeyCount):
			continue
		}
		return p, nil
	}
}

func (t *Tree) readPage(ctx context.Context, prefix string, q listing.Query) (p listing.Page, err error) {
	r := wire.NewRequest(http.MethodGet, "")
	r.Query = url.Values{"list-type": {"2"}, "encoding-type": {"url"}}
	for name, value := range map[string]string{"prefix": prefix, "start-after": q.After, "continuation-token": q.Token} {
		if value != "" {
			r.Query.Set(name, value)
		}
	}
	_, err = t.wire.Read(ctx, r, func(b []byte) error {
		p, err = listing.Parse(b)
		switch {
		case errors.Is(err, listing.ErrNoListing):
			return wire.ErrNotS3
		case err != nil:
			return &wire.BrokenError{Err: err}
		}
		return nil
	})
	return p, err
}

// isMarker reports whether an object only stands for a directory, as some tools
// make them.
func isMarker(key string, size int64) bool {
	return key == "" || (size == 0 && strings.HasSuffix(key, "/"))
}

// listedEntry returns the entry of an object in a listing.
func (t *Tree) listedEntry(key string, o *listing.Object) core.Entry {
	e := core.Entry{Key: key, Size: o.Size, Token: format.BareETag(&o.ETag), Changed: o.Changed}
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
	if _, err := t.objects.Head(ctx, name); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return nil // not there, or it cannot be asked: the prefix is empty
	}
	return fmt.Errorf("s3://%s/%s is one object, and nothing lies below it: give the prefix that it lies under", t.bucketName, name)
}
