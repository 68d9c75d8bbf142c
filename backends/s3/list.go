package s3

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/listing"
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
		for objects, err := range t.pages.after(ctx, after).Pages(ctx) {
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
				case !yield(listedEntry(t.layout, key, o), nil):
					return
				}
			}
		}
		if markers > 0 {
			t.opts.Env.Logger().DebugContext(ctx, "directory markers left out", "tree", t.name, "count", markers)
		}
		if !seen && after == "" && !t.opts.Env.Create { // a destination may well be empty: the question would be wasted
			if err := checkSingle(ctx, t); err != nil {
				yield(core.Entry{}, t.fail("list", "", err))
			}
		}
	}
}

// isMarker reports whether an object only stands for a directory, as some tools
// make them.
func isMarker(key string, size int64) bool {
	return key == "" || (size == 0 && strings.HasSuffix(key, "/"))
}

// listedEntry returns the entry of an object in a listing.
func listedEntry(layout format.Layout, key string, o *listing.Object) core.Entry {
	e := core.Entry{Key: key, Size: o.Size, Token: format.BareETag(&o.ETag), Changed: o.Changed}
	if err := core.CheckKey(key); err != nil {
		e.Problem = err
		return e
	}
	e.Kind, e.Partial, e.MaybeLink = core.File, true, format.MayBeLink(e.Size) && !layout.Express
	return e
}

// checkSingle returns an error if the URL names a single object.
func checkSingle(ctx context.Context, t *Tree) error {
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
	return fmt.Errorf("s3://%s/%s is one object, and whole trees are made equal: to copy it alone, give the prefix that it lies under, and exclude everything else there", t.bucketName, name)
}
