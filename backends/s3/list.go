package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

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
		l := &listing{Tree: t, after: after}
		defer func() { // no goroutine outlives the sequence
			cancel()
			if l.next != nil {
				<-l.next
			}
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
	next    <-chan listed // the page that is being fetched, or nil
	seen    bool          // anything at all
	markers int           // of directories, left out
}

// run yields all pages. It returns more false if nothing more is wanted.
func (l *listing) run(ctx context.Context, yield func(core.Entry, error) bool) (more bool, err error) {
	l.next = l.fetch(ctx, l.listInput(l.after))
	for l.next != nil {
		p := <-l.next
		l.next = nil
		if p.err != nil {
			return true, p.err
		}
		in, err := l.nextInput(p.out)
		if err != nil {
			return true, err
		}
		if in != nil {
			l.next = l.fetch(ctx, in)
		}
		if more, err := l.page(ctx, p.out, yield); !more || err != nil {
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
	out *awss3.ListObjectsV2Output
	err error
}

// fetch gets a page in the background. The channel has room for it, so that
// nobody has to receive it.
func (t *Tree) fetch(ctx context.Context, in *awss3.ListObjectsV2Input) <-chan listed {
	ch := make(chan listed, 1)
	go func() {
		out, err := t.client.ListObjectsV2(ctx, in)
		if err == nil {
			err = isListing(out)
		}
		if err == nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		ch <- listed{out, err}
	}()
	return ch
}

func (t *Tree) listInput(after string) *awss3.ListObjectsV2Input {
	in := &awss3.ListObjectsV2Input{Bucket: &t.bucketName, EncodingType: types.EncodingTypeUrl}
	if t.prefix != "" {
		in.Prefix = &t.prefix
	}
	if after != "" && !t.express { // a directory bucket knows no StartAfter
		in.StartAfter = aws.String(t.full(after))
	}
	return in
}

// nextInput returns the request for the page that follows out, or nil if out
// was the last.
func (l *listing) nextInput(out *awss3.ListObjectsV2Output) (*awss3.ListObjectsV2Input, error) {
	if !aws.ToBool(out.IsTruncated) {
		return nil, nil
	}
	if aws.ToString(out.NextContinuationToken) == "" {
		return nil, errors.New("the store says that the listing goes on, but not where")
	}
	in := l.listInput(l.after)
	in.StartAfter, in.ContinuationToken = nil, out.NextContinuationToken
	return in, nil
}

func (l *listing) page(ctx context.Context, out *awss3.ListObjectsV2Output, yield func(core.Entry, error) bool) (more bool, err error) {
	for _, o := range out.Contents {
		if ctx.Err() != nil {
			return true, ctx.Err()
		}
		l.seen = true
		key, err := decodeKey(aws.ToString(o.Key), out.EncodingType)
		if err != nil {
			return true, err
		}
		rel, ok := strings.CutPrefix(key, l.prefix)
		if !ok {
			return true, fmt.Errorf("the store listed %q under the prefix %q", key, l.prefix)
		}
		if l.marker(rel, aws.ToInt64(o.Size)) || (l.after != "" && rel <= l.after) {
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

// decodeKey decodes a listed key if the answer says that it is encoded: not
// every store does what it was asked for.
func decodeKey(key string, encoding types.EncodingType) (string, error) {
	if encoding != types.EncodingTypeUrl {
		return key, nil
	}
	decoded, err := url.QueryUnescape(key)
	if err != nil {
		return "", fmt.Errorf("the store listed a key that it encoded wrongly: %q: %w", key, err)
	}
	return decoded, nil
}

// listedEntry makes an entry of an object in a listing.
func (t *Tree) listedEntry(key string, o types.Object) core.Entry {
	e := core.Entry{Key: key, Size: aws.ToInt64(o.Size), Token: bareETag(o.ETag), Changed: changedAt(o.LastModified)}
	if err := core.CheckKey(key); err != nil {
		e.Problem = err
		return e
	}
	e.Kind, e.Partial, e.MaybeLink = core.File, true, mayBeLink(e.Size) && !t.express
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
