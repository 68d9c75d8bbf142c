package s3

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// errRedirectStayed is the error of a file that was put over a link and cannot be put
// again in the same try.
var errRedirectStayed = core.Transient(errors.New("the store kept the redirect of the link that this file replaces; the object was deleted, and has to be put again"))

// putOverLink puts a file where old is a link. Some stores keep the headers of the
// object that a write replaces, and with them the redirect: the file would still be
// the link. The first such file of a run is looked at, elsewhere than at AWS, with
// one HEAD. If its redirect stayed, links are deleted from then on before a file takes
// their place.
func (w *writer) putOverLink(ctx context.Context, e core.Entry, body io.Reader, old *core.Entry) (core.Entry, error) {
	defer w.run.lockReplacement(w.can)()
	if !w.can.Has(ability.FreshHeaders) {
		if err := w.objects.Delete(ctx, objects.Target{Key: w.full(e.Key), Version: objects.VersionOf(old)}); err != nil {
			return e, err
		}
		return w.putFile(ctx, e, body, nil)
	}
	again := repeatable(body, e.Size)
	stored, err := w.putFile(ctx, e, body, old)
	if err != nil || w.can.Proved(ability.FreshHeaders) || !w.keptRedirect(ctx, e.Key) {
		return stored, err
	}
	if !w.can.Lose(ability.FreshHeaders) {
		return e, fmt.Errorf("%w: the store kept the redirect of the link that this file replaces, although the URL says has=%s",
			core.ErrCorrupt, ability.FreshHeaders.Name())
	}
	if err := w.objects.Delete(ctx, objects.Target{Key: w.full(e.Key), Version: objects.VersionOf(&stored)}); err != nil {
		return e, err
	}
	if again == nil {
		return e, errRedirectStayed
	}
	body, err = again()
	if err != nil {
		return e, err
	}
	return w.putFile(ctx, e, body, nil)
}

// keptRedirect asks whether an object that is to be a file has a redirect or the
// metadata of a link. A failure to ask is not one of the file, which is stored.
func (w *writer) keptRedirect(ctx context.Context, key string) bool {
	a, err := w.objects.Head(ctx, w.full(key))
	if err != nil {
		w.log.DebugContext(ctx, "a file that replaced a link cannot be looked at", "key", key, "error", err)
		return false
	}
	if a.Get(wire.Redirect) != "" || a.Metadata()[format.MetaTarget] != "" {
		return true
	}
	w.can.Works(ability.FreshHeaders)
	return false
}

// repeatable returns a function that returns body from where it is now; nil if body
// can be read only once.
func repeatable(body io.Reader, size int64) func() (io.Reader, error) {
	switch b := body.(type) {
	case nil:
		return func() (io.Reader, error) { return nil, nil }
	case io.ReadSeeker:
		at, err := b.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil
		}
		return func() (io.Reader, error) {
			_, err := b.Seek(at, io.SeekStart)
			return b, err
		}
	case io.ReaderAt:
		return func() (io.Reader, error) { return io.NewSectionReader(b, 0, size), nil }
	}
	return nil
}

// lockReplacement lets one file at a time take the place of a link until one of them
// has shown whether the store drops the redirect. The function that it returns lets
// the next one go.
func (r *run) lockReplacement(can *ability.Set) (unlock func()) {
	if can.Proved(ability.FreshHeaders) {
		return func() {}
	}
	r.replacing.Lock()
	if can.Proved(ability.FreshHeaders) || !can.Has(ability.FreshHeaders) {
		r.replacing.Unlock()
		return func() {}
	}
	return r.replacing.Unlock
}
