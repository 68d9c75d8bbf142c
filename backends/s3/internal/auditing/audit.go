// Package auditing checks the metadata of objects whose content was read, and repairs
// them.
package auditing

import (
	"context"
	"fmt"
	"sync"

	"github.com/s3fc/s3fc/backends/s3/internal/ability"
	"github.com/s3fc/s3fc/backends/s3/internal/contents"
	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/backends/s3/internal/objects"
	"github.com/s3fc/s3fc/backends/s3/internal/wire"
	"github.com/s3fc/s3fc/core"
)

// Auditor checks and repairs the objects of a bucket. Its fields are set before its
// first use; it is safe for concurrent use.
type Auditor struct {
	Sender  *wire.Sender
	Objects *objects.Store
	Opener  *contents.Opener
	Can     *ability.Set
	// AWS says that the store is AWS, which keeps redirects.
	AWS bool

	mu     sync.Mutex // held while another link is looked for
	looked bool
}

// Audit returns the flaws of an object whose entry and md5 were read, with one HEAD.
func (a *Auditor) Audit(ctx context.Context, key contents.Key, e core.Entry) ([]core.Flaw, error) {
	answer, err := a.Objects.Head(ctx, key.Object)
	if err != nil {
		return nil, err
	}
	o := a.Opener.Object(answer, key)
	switch {
	case o.ETag != e.Token:
		return nil, fmt.Errorf("%w: it changed while it was checked", core.ErrChanged)
	case e.Kind == core.Link:
		return a.auditLink(ctx, key.Object, o), nil
	}
	return a.auditFile(ctx, key.Object, o, e.MD5), nil
}

// auditLink returns the flaw of a link without a redirect, which was recognised by its
// page and metadata alone. In a store that keeps no redirects that is no flaw of the
// link: the store's notes have it, once.
func (a *Auditor) auditLink(ctx context.Context, key string, o format.Object) []core.Flaw {
	if o.Redirect != nil {
		a.Can.Works(ability.KeptRedirects)
		return nil
	}
	if !a.keepsRedirects(ctx, key) {
		return nil
	}
	return []core.Flaw{{What: core.FindingRedirect, Repairable: true, Err: fmt.Errorf(
		"its metadata and its page name the target %s, and its redirect is gone: no visitor gets a 301", core.DisplayKey(o.Metadata[format.MetaTarget]))}}
}

// maxLinks is how many other links are looked at for a redirect.
const maxLinks = 8

// keepsRedirects reports whether the store keeps redirects, after one link without a
// redirect was seen: another link that has one proves it. If none has, the store keeps
// none: one LIST, and up to 8 HEADs, once.
func (a *Auditor) keepsRedirects(ctx context.Context, except string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.Can.Has(ability.Redirects), !a.Can.Has(ability.KeptRedirects):
		return false
	case a.AWS, a.looked, a.Can.Proved(ability.KeptRedirects):
		return true
	}
	a.looked = true
	page, err := a.Opener.Page(ctx)
	if err != nil {
		return true
	}
	links := 0
	for i := range page {
		if o := &page[i]; format.MayBeLink(o.Size) && o.Size > 0 && o.Key != except && links < maxLinks {
			links++
			if answer, err := a.Objects.Head(ctx, o.Key); err == nil && answer.Get(wire.Redirect) != "" {
				a.Can.Works(ability.KeptRedirects)
				return true
			}
		}
	}
	return !a.Can.Lose(ability.KeptRedirects)
}

// auditFile compares everything that is noted of a file with sum, the md5 of its
// content.
func (a *Auditor) auditFile(ctx context.Context, key string, o format.Object, sum core.MD5) []core.Flaw {
	var flaws []core.Flaw
	tag, plain := o.MD5()
	if plain && tag != sum {
		if plain = a.Opener.IsMD5(ctx, key, o, sum); plain {
			flaws = append(flaws, core.Flaw{What: core.FindingCorrupt, Err: fmt.Errorf("its ETag says md5 %s, and the content has %s", tag, sum)})
		}
	}
	for _, n := range format.Claims(o.Metadata) {
		if n.MD5 != sum {
			flaws = append(flaws, core.Flaw{What: core.FindingMD5, Repairable: true,
				Err: fmt.Errorf("its metadata %s says %s, and the content has md5 %s", n.Name, core.DisplayKey(n.Text), sum)})
		}
	}
	if !plain && !format.MetadataMD5(o.Metadata).Known() {
		flaws = append(flaws, core.Flaw{What: core.FindingNoMD5, Repairable: true,
			Err: fmt.Errorf("its ETag is no md5, and its metadata has none: without reading, nothing tells its content")})
	}
	return flaws
}
