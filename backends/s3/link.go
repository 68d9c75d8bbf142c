package s3

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// putLink writes a link: page, redirect and metadata say the same.
func (t *Tree) putLink(ctx context.Context, e core.Entry, old *core.Entry) (core.Entry, error) {
	location := format.Location(t.prefix, e.Target)
	var body []byte
	if t.opts.LinkBody != LinkEmpty {
		body = format.LinkPage(location)
	}
	e.Size, e.MD5 = int64(len(body)), core.MD5{}
	r, err := t.linkRequest(e.Key, location, body)
	if err != nil {
		return e, err
	}
	a, err := t.objects.Put(ctx, r, objects.VersionOf(old))
	if err != nil {
		return e, err
	}
	e = format.Stored(e, a.ETag())
	if r.Get(wire.Redirect) != "" && t.run.claimFirstLink() {
		t.lookAtFirstLink(ctx, e.Key, location)
	}
	if len(location) > format.MaxMetaTarget && !t.keepsRedirects() {
		return e, t.takeBack(ctx, e, old)
	}
	return e, nil
}

// takeBack removes a link that turned out to be none: the store dropped the
// redirect, and the target was too long for metadata. What it may have replaced
// is gone; the next link of this length is refused before it is written.
func (t *Tree) takeBack(ctx context.Context, e core.Entry, old *core.Entry) error {
	if old != nil {
		return objects.ErrNoRedirect
	}
	return errors.Join(objects.ErrNoRedirect, t.Delete(ctx, e))
}

func (t *Tree) linkRequest(key, location string, body []byte) (*wire.Request, error) {
	r, err := wire.NewRequest(http.MethodPut, t.full(key)).WithBody(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, err
	}
	r.Set(wire.ContentMD5, core.SumMD5(body).Base64())
	r.Set(wire.ContentType, "text/html; charset=utf-8")
	r.Set(wire.CacheControl, "max-age=0, no-cache")
	r.Set(wire.Redirect, location)
	if len(location) <= format.MaxMetaTarget {
		r.SetMetadata(map[string]string{format.MetaTarget: location})
	}
	return r, nil
}

// lookAtFirstLink reads back the first link of a run, because some stores take
// the redirect and forget it. A failure to look is not one of the link, which
// is stored.
func (t *Tree) lookAtFirstLink(ctx context.Context, key, location string) {
	a, err := t.objects.Head(ctx, t.full(key))
	if err != nil {
		t.opts.Env.Logger().DebugContext(ctx, "the first link cannot be read back", "key", key, "error", t.plain(err))
		return
	}
	if a.Get(wire.Redirect) != location {
		t.can.Lose(ability.KeptRedirects)
		return
	}
	t.can.Works(ability.KeptRedirects)
}
