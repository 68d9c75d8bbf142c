package s3

import (
	"context"
	"fmt"

	"github.com/s3fc/s3fc/backends/s3/internal/format"
	"github.com/s3fc/s3fc/core"
)

var _ core.Auditor = (*Tree)(nil)

// Audit implements [core.Auditor] with one HEAD.
func (t *Tree) Audit(ctx context.Context, e core.Entry) ([]core.Flaw, error) {
	a, err := t.objects.Head(ctx, t.full(e.Key))
	if err != nil {
		return nil, t.fail("stat", e.Key, err)
	}
	o := a.Object(e.Key)
	switch {
	case o.ETag != e.Token:
		return nil, t.fail("stat", e.Key, fmt.Errorf("%w: it changed while it was checked", core.ErrChanged))
	case e.Kind == core.Link:
		return auditLink(o), nil
	}
	return t.auditFile(o, e.MD5), nil
}

// auditLink: what was recognised as a link by its page and metadata alone
// redirects nobody.
func auditLink(o format.Object) []core.Flaw {
	if o.Redirect != nil {
		return nil
	}
	return []core.Flaw{{What: core.FindingRedirect, Repairable: true, Err: fmt.Errorf(
		"its metadata and its page lead to %s, and its redirect is gone: no visitor gets a 301", core.DisplayKey(o.Metadata[format.MetaTarget]))}}
}

// auditFile holds all that is noted of a file against sum, which its content
// has.
func (t *Tree) auditFile(o format.Object, sum core.MD5) []core.Flaw {
	var flaws []core.Flaw
	tag, plain := o.MD5()
	if plain && tag != sum {
		flaws = append(flaws, core.Flaw{What: core.FindingCorrupt, Err: fmt.Errorf("its ETag says md5 %s, and the content has %s", tag, sum)})
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
