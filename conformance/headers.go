package conformance

import (
	"errors"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// testHeaders are those that a store with Features.Headers keeps.
func testHeaders() *core.Headers {
	return &core.Headers{
		ContentType: "text/x-test", CacheControl: "max-age=60", ContentLanguage: "en", ContentDisposition: "inline",
		Metadata: map[string]string{"owner": "web"},
	}
}

// checkHeaders puts files with headers, with other ones, and without any.
func checkHeaders(p *probe) {
	e := fileOf("f", "content")
	e.Headers = testHeaders()
	p.put(e, "content")
	p.holds("f", "content")
	if !p.features.Headers {
		checkNoHeaders(p, "f")
		return
	}
	checkHeadersOf(p, "f", testHeaders(), nil)
	for _, listed := range p.list("") {
		if listed.Headers != nil {
			p.failf("List yields %q with headers: no listing has them", listed.Key)
		}
	}
	again := fileOf("f", "other")
	again.Headers = &core.Headers{CacheControl: "no-cache"}
	p.put(again, "other")
	checkHeadersOf(p, "f", again.Headers, []string{"content-language", "content-disposition", "metadata.owner"})
	p.put(fileOf("f", "a third"), "a third")
	checkHeadersOf(p, "f", nil, []string{"cache-control", "content-language", "metadata.owner"})
}

// checkHeadersOf checks that Stat and Open return the headers of want for a file, and none
// of those that absent names.
func checkHeadersOf(p *probe, key string, want *core.Headers, absent []string) {
	_, opened, err := read(p.ctx, p.b, key)
	if err != nil {
		p.failf("Open(%q): %w", key, err)
		return
	}
	for how, e := range map[string]core.Entry{"Open": opened, "Stat": p.stat(key)} {
		for _, name := range want.Names() {
			if got := e.Headers.Lookup(name); got != want.Lookup(name) {
				p.failf("%s of %s(%q) is %q; want %q", name, how, key, got, want.Lookup(name))
			}
		}
		for _, name := range absent {
			if got := e.Headers.Lookup(name); got != "" {
				p.failf("%s of %s(%q) is %q: it is of an older file", name, how, key, got)
			}
		}
	}
}

// checkNoHeaders checks a store that declares none: a file that is put with headers is
// there, without them.
func checkNoHeaders(p *probe, key string) {
	_, opened, err := read(p.ctx, p.b, key)
	if err != nil {
		p.failf("Open(%q): %w", key, err)
	}
	for how, e := range map[string]core.Entry{"Open": opened, "Stat": p.stat(key)} {
		if !e.Headers.Empty() {
			p.failf("%s(%q) returns headers, and Features.Headers is not declared", how, key)
		}
	}
	if k, ok := core.As[core.HeaderKeeper](p.b); ok {
		if _, err := k.SetHeaders(p.ctx, p.stat(key), testHeaders(), nil); err == nil {
			p.failf("SetHeaders succeeds, and Features.Headers is not declared")
		}
	}
}

// checkSetHeaders changes headers of a file whose content stays.
func checkSetHeaders(p *probe) {
	k, ok := core.As[core.HeaderKeeper](p.b)
	if !ok || !p.features.Headers {
		return
	}
	content := bytesOf("headers", 3000)
	e := fileOf("d/f", content)
	e.Headers = testHeaders()
	p.put(e, content)
	old := p.stat("d/f")
	if err := k.CheckSetHeaders(old); err != nil {
		p.failf("CheckSetHeaders of a small file: %w", err)
	}
	set := &core.Headers{CacheControl: "no-cache", Metadata: map[string]string{"colour": "blue"}}
	now, err := k.SetHeaders(p.ctx, old, set, []string{"content-language", "metadata.owner"})
	if errors.Is(err, errors.ErrUnsupported) {
		p.holds("d/f", content) // whatever headers it has now, the caller puts the file again
		return
	}
	if err != nil {
		p.failf("SetHeaders: %w", err)
		return
	}
	p.holds("d/f", content)
	want := &core.Headers{
		ContentType: "text/x-test", CacheControl: "no-cache", ContentDisposition: "inline", Metadata: map[string]string{"colour": "blue"},
	}
	checkHeadersOf(p, "d/f", want, []string{"content-language", "metadata.owner"})
	if seen := p.stat("d/f"); now.Key != "d/f" || now.Kind != core.File || now.Token != seen.Token || p.features.StoresMD5 && seen.MD5 != e.MD5 {
		p.failf("SetHeaders returned %s; want %s", show(now), show(seen))
	}
	setHeadersOfAnother(p, k, now)
}

// setHeadersOfAnother: the file was overwritten, and then deleted, since it was seen.
func setHeadersOfAnother(p *probe, k core.HeaderKeeper, stale core.Entry) {
	if _, err := p.b.Put(p.ctx, fileOf("d/f", "another"), strings.NewReader("another"), &stale); err != nil {
		p.failf("Put over a file whose headers were set: %w", err)
	}
	set := &core.Headers{CacheControl: "max-age=1"}
	if p.features.Replace != core.GuardNone {
		_, err := k.SetHeaders(p.ctx, stale, set, nil)
		p.refused("SetHeaders of a file that was overwritten since", err, core.ErrChanged)
		p.holds("d/f", "another")
		checkHeadersOf(p, "d/f", nil, []string{"cache-control"})
	}
	p.remove(p.stat("d/f"))
	_, err := k.SetHeaders(p.ctx, stale, set, nil)
	p.refused("SetHeaders of a file that was deleted since", err, core.ErrChanged)
	p.nothing("d/f")
}
