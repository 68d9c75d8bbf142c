package s3

import (
	"context"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

var _ core.Auditor = (*Tree)(nil)

// Audit implements [core.Auditor] with one HEAD.
func (t *Tree) Audit(ctx context.Context, e core.Entry) ([]core.Flaw, error) {
	out, err := t.head(ctx, t.full(e.Key))
	if err != nil {
		return nil, t.fail("stat", e.Key, err)
	}
	o := headObject(e.Key, out)
	switch {
	case o.etag != e.Token:
		return nil, t.fail("stat", e.Key, fmt.Errorf("%w: it changed while it was checked", core.ErrChanged))
	case e.Kind == core.Link:
		return auditLink(o), nil
	}
	return t.auditFile(o, e.MD5), nil
}

// auditLink: what was recognised as a link by its page and metadata alone
// redirects nobody.
func auditLink(o object) []core.Flaw {
	if o.redirect != nil {
		return nil
	}
	return []core.Flaw{{What: core.FindingRedirect, Repairable: true, Err: fmt.Errorf(
		"its metadata and its page lead to %s, and its redirect is gone: no visitor gets a 301", core.DisplayKey(o.meta[metaTarget]))}}
}

// auditFile holds all that is noted of a file against sum, which its content
// has.
func (t *Tree) auditFile(o object, sum core.MD5) []core.Flaw {
	var flaws []core.Flaw
	tag, plain := t.sum(o)
	if plain && tag != sum {
		flaws = append(flaws, core.Flaw{What: core.FindingCorrupt, Err: fmt.Errorf("its ETag says md5 %s, and the content has %s", tag, sum)})
	}
	for _, n := range claims(o.meta) {
		if n.sum != sum {
			flaws = append(flaws, core.Flaw{What: core.FindingMD5, Repairable: true,
				Err: fmt.Errorf("its metadata %s says %s, and the content has md5 %s", n.name, core.DisplayKey(n.text), sum)})
		}
	}
	if !plain && !metaSum(o.meta).Known() {
		flaws = append(flaws, core.Flaw{What: core.FindingNoMD5, Repairable: true,
			Err: fmt.Errorf("its ETag is no md5, and its metadata has none: without reading, nothing tells its content")})
	}
	return flaws
}

// claim is an md5 in metadata; sum is not known if the text is none.
type claim struct {
	name, text string
	sum        core.MD5
}

// claims are all md5s that metadata claims.
func claims(meta map[string]string) []claim {
	var all []claim
	for _, name := range []string{metaMD5, metaRclone} {
		if text := meta[name]; text != "" {
			all = append(all, claim{name, text, parseSum(text)})
		}
	}
	if text := s3cmdAttr(meta, "md5"); text != "" {
		all = append(all, claim{metaS3cmd, text, parseSum(text)})
	}
	return all
}
