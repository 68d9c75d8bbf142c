package conformance

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// checkHeaders puts files with headers, with other ones, and without any.
func checkHeaders(p *probe) {
	k, ok := core.As[core.HeaderKeeper](p.b)
	if !ok {
		return
	}
	ask := func(key string) *core.Headers {
		h, err := k.Headers(p.ctx, key)
		if err != nil {
			p.failf("Headers(%q) of a file that was put: %w", key, err)
			return new(core.Headers)
		}
		return h
	}
	want := &core.Headers{
		ContentType: "text/x-test", CacheControl: "max-age=60", ContentLanguage: "en", ContentDisposition: "inline",
		Metadata: map[string]string{"owner": "web"},
	}
	e := fileOf("f", "content")
	e.Headers = want
	stored := p.put(e, "content")
	for _, name := range core.HeaderNames {
		if v := want.Get(name); v != "" && ask("f").Get(name) != v {
			p.failf("%s of a file that was put with %q is %q", name, v, ask("f").Get(name))
		}
	}
	if got := ask("f").Metadata["owner"]; got != "web" {
		p.failf("the metadata owner=web of a file that was put is %q", got)
	}
	again := fileOf("f", "other")
	again.Headers = &core.Headers{CacheControl: "no-cache"}
	if _, err := p.b.Put(p.ctx, again, strings.NewReader("other"), &stored); err != nil {
		p.failf("Put over a file with headers: %w", err)
	}
	if h := ask("f"); h.CacheControl != "no-cache" || h.ContentLanguage != "" || h.Metadata["owner"] != "" {
		p.failf("a file that was put over another has headers of that one: cache-control %q, content-language %q, owner %q", h.CacheControl, h.ContentLanguage, h.Metadata["owner"])
	}
	if _, err := k.Headers(p.ctx, "absent"); !errors.Is(err, fs.ErrNotExist) {
		p.failf("Headers of a key at which nothing is: errors.Is(err, fs.ErrNotExist) says no: %s", orNone(err))
	}
}
