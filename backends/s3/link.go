package s3

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// putLink writes a link: page, redirect and metadata say the same.
func (w *writer) putLink(ctx context.Context, e core.Entry, old *core.Entry) (core.Entry, error) {
	location := format.Location(w.layout.Prefix, e.Target)
	var body []byte
	if !w.emptyLinks {
		body = format.LinkPage(location)
	}
	e.Size, e.MD5 = int64(len(body)), core.MD5{}
	r, err := w.linkRequest(e.Key, location, body)
	if err != nil {
		return e, err
	}
	a, err := w.objects.Put(ctx, r, objects.VersionOf(old))
	if err != nil {
		return e, err
	}
	e = format.Stored(e, a.ETag())
	if r.Get(wire.Redirect) != "" && w.run.claimFirstLink() {
		w.lookAtFirstLink(ctx, e.Key, location)
	}
	if len(location) > w.objects.MaxMetaTarget() && !keepsRedirects(w.can) {
		return e, w.takeBack(ctx, e, old)
	}
	return e, nil
}

// takeBack removes a link that turned out to be none: the store dropped the
// redirect, and the target was too long for metadata. An entry that it replaced is
// gone; the next link of this length is refused before it is written.
func (w *writer) takeBack(ctx context.Context, e core.Entry, old *core.Entry) error {
	if old != nil {
		return objects.ErrNoRedirect(w.can)
	}
	return errors.Join(objects.ErrNoRedirect(w.can), w.objects.Delete(ctx, objects.Target{Key: w.full(e.Key), Version: objects.VersionOf(&e)}))
}

func (w *writer) linkRequest(key, location string, body []byte) (*wire.Request, error) {
	r, err := wire.NewRequest(http.MethodPut, w.full(key)).WithBody(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, err
	}
	r.Set(wire.ContentMD5, core.SumMD5(body).Base64())
	r.Set(wire.ContentType, "text/html; charset=utf-8")
	r.Set(wire.CacheControl, "max-age=0, no-cache")
	r.Set(wire.Redirect, location)
	if len(location) <= w.objects.MaxMetaTarget() {
		r.SetMetadata(map[string]string{format.MetaTarget: location})
	}
	return r, nil
}

// lookAtFirstLink reads back the first link of a run, because some stores take
// the redirect and forget it. A failure to look is not one of the link, which
// is stored.
func (w *writer) lookAtFirstLink(ctx context.Context, key, location string) {
	a, err := w.objects.Head(ctx, w.full(key))
	if err != nil {
		w.log.DebugContext(ctx, "the first link cannot be read back", "key", key, "error", err)
		return
	}
	if a.Get(wire.Redirect) != location {
		w.can.Lose(ability.KeptRedirects)
		return
	}
	w.can.Works(ability.KeptRedirects)
}

// run has the steps that one run takes once. It is safe for concurrent use.
type run struct {
	mu         sync.Mutex
	linkLooked bool // the first link written was, or is being, read back

	replacing sync.Mutex // held by the first file that takes the place of a link
}

// claimFirstLink reports, to one caller in a run, that it wrote the first link.
func (r *run) claimFirstLink() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.linkLooked
	r.linkLooked = true
	return first
}

// next begins the next run.
func (r *run) next() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.linkLooked = false
}

// keepsRedirects reports whether the store is still believed to keep them.
func keepsRedirects(can *ability.Set) bool {
	return can.Has(ability.Redirects) && can.Has(ability.KeptRedirects)
}
