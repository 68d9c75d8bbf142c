package conformance

import (
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

var copierCase = Case{
	Name: "Copier", Guide: "Abilities",
	Why: "nobody reads a file that the store copied: it must be the planned version, and must replace nothing unseen",
	Run: run(checkCopier),
}

func checkCopier(p *probe) {
	content := bytesOf("from", 100)
	e := p.file("d/from", content)
	c, ok := core.As[core.Copier](p.b)
	if !ok || !c.CanCopy(p.b, e) {
		return
	}
	checkCosts(p, fmt.Sprintf("CopyCost(%s)", show(e)), c.CopyCost(e))
	checkCopies(p, c, e, "to", nil)
	p.holds("to", content)
	p.holds("d/from", content)
	keepsFromCopies(p, c, e)
	takesJustFiles(p, c)
}

// checkCopies copies the file e, and checks that the returned entry is there.
func checkCopies(p *probe, c core.Copier, e core.Entry, key string, old *core.Entry) {
	got, err := c.CopyFrom(p.ctx, p.b, e, key, old)
	if old != nil && errors.Is(err, errors.ErrUnsupported) {
		return // s3fc reads and puts it then
	}
	if err != nil {
		p.failf("CopyFrom(%q): %w", key, err)
		return
	}
	if now := p.stat(key); got.Key != key || got.Token != now.Token || !got.Same(now) || !now.Same(e) && e.MD5.Known() && now.MD5.Known() {
		p.failf("CopyFrom(%q) returned %s, and Stat %s; want the content of %s", key, show(got), show(now), show(e))
	}
}

// keepsFromCopies checks which entries a copy replaces, and which not.
func keepsFromCopies(p *probe, c core.Copier, e core.Entry) {
	if p.features.Create != core.GuardNone && p.features.Replace != core.GuardNone {
		stale := p.staleFile("there")
		for seen, old := range map[string]*core.Entry{"nothing": nil, "a file that was overwritten since": &stale} {
			_, err := c.CopyFrom(p.ctx, p.b, e, "there", old)
			if old != nil && errors.Is(err, errors.ErrUnsupported) {
				continue
			}
			p.refused("CopyFrom over a file, where "+seen+" was seen", err, core.ErrChanged)
		}
		p.holds("there", "the second content")
	}
	now := p.file("over", "to be replaced")
	checkCopies(p, c, e, "over", &now)
}

// takesJustFiles checks that a link, and a version that is gone, are refused.
func takesJustFiles(p *probe, c core.Copier) {
	olds := []core.Entry{p.staleFile("changed"), {Key: "missing", Kind: core.File, Size: 1, Token: "x"}}
	if p.features.Links {
		p.link("link", core.Target{Key: "to"})
		e := p.stat("link")
		e.Kind, e.Target = core.File, core.Target{} // as a listing may show it
		olds = append(olds, e)
	}
	for _, old := range olds {
		_, err := c.CopyFrom(p.ctx, p.b, old, "nowhere", nil)
		p.refused(fmt.Sprintf("CopyFrom of %q", old.Key), err, errors.ErrUnsupported)
		p.nothing("nowhere")
	}
}
