package conformance

import (
	"fmt"
	"time"

	"github.com/s3fc/s3fc/core"
)

var rememberCases = []Case{
	{
		Name: "Settled", Guide: "Remembering",
		Why: "an entry that is Settled too early is remembered, and a change right after it is never seen",
		Run: run(checkSettled),
	},
	{
		Name: "Settles", Guide: "Remembering", Long: true,
		Why: "an entry that never settles is never remembered, so each run reads or asks for everything again",
		Run: run(checkSettles),
	},
	{
		Name: "Resolution", Guide: "Features", Long: true, Needs: func(f core.Features) bool { return f.Resolution > 0 },
		Why: "versions that the declared Resolution does not tell apart make a cache and a guard miss a change for good",
		Run: run(checkResolution),
	},
	{
		Name: "Identifier", Guide: "Remembering", Hooks: []string{"Another"},
		Why: "two stores of one identity share a cache, and the hashes of one are believed of the other",
		Run: run(checkIdentifier),
	},
	{
		Name: "Rememberer", Guide: "Remembering",
		Why: "an md5 that is remembered for another version hides a change forever",
		Run: run(checkRememberer),
	},
}

// version is the fields by which a cache knows a version of an entry.
type version struct {
	size    int64
	token   string
	changed int64
}

func versionOf(e core.Entry) version {
	v := version{size: e.Size, token: e.Token}
	if !e.Changed.IsZero() {
		v.changed = e.Changed.UnixNano()
	}
	return v
}

// checkSettled changes a file right after it was looked at, to another content of
// the same size. If the entry was Settled, the change must show in its version.
func checkSettled(p *probe) {
	checkSettledTime(p)
	for i := range 20 {
		was, is := fmt.Sprintf("content %02d", i), fmt.Sprintf("CONTENT %02d", i)
		put := p.file("d/f", was)
		stat := p.stat("d/f")
		_, opened, err := read(p.ctx, p.b, "d/f")
		if err != nil {
			p.failf("Open: %w", err)
		}
		p.rewrite("d/f", is)
		now := p.stat("d/f")
		for op, e := range map[string]core.Entry{"Put": put, "Stat": stat, "Open": opened} {
			if e.Settled && versionOf(e) == versionOf(now) {
				p.failf("%s returned an entry that is Settled, and a later content of the same size has its Token %q, Size and Changed", op, e.Token)
				return
			}
		}
	}
}

// checkSettledTime gives a file another time, which is no other content.
func checkSettledTime(p *probe) {
	if !p.features.ModTimes {
		return
	}
	for i := range 5 {
		e := fileOf("d/t", "content")
		e.ModTime = time.Unix(1_000_000_000, 0)
		p.put(e, "content")
		was := p.stat("d/t")
		e.ModTime = time.Unix(1_100_000_000+int64(i), 0)
		p.put(e, "content")
		if now := p.stat("d/t"); was.Settled && versionOf(was) == versionOf(now) && !sameSecond(was, now) {
			p.failf("Stat returned an entry that is Settled, and with another ModTime it has the same Token %q, Size and Changed", was.Token)
			return
		}
	}
}

// rewrite overwrites the file at key, in place where a hook can.
func (p *probe) rewrite(key, content string) {
	if p.store.Newer == nil {
		p.file(key, content)
	} else if err := p.store.Newer(key, content); err != nil {
		p.failf("the hook Newer: %w", err)
	}
}

// checkResolution overwrites a file with another content of the same size, in place
// where a hook can, as long after the first as versions need to be told apart.
func checkResolution(p *probe) {
	put := p.file("d/f", "content 1")
	was := p.stat("d/f")
	time.Sleep(p.features.Resolution)
	p.rewrite("d/f", "content 2")
	if now := p.stat("d/f"); versionOf(now) == versionOf(was) {
		p.failf("Features.Resolution is %s, and two contents of one size, that long apart, have the same Token %q, Size and Changed", p.features.Resolution, now.Token)
	}
	if guardsReplace(p.features) {
		_, err := p.try(fileOf("d/f", "content 3"), "content 3", &put)
		p.refused("Put over a file that was overwritten since, with as many bytes,", err, core.ErrChanged)
	}
}

// settlesWithin is how long a store may need before it says that an entry is
// settled, beside its resolution.
var settlesWithin = 8 * time.Second

func checkSettles(p *probe) {
	if _, ok := core.As[core.Identifier](p.b); !ok {
		return // nothing is remembered of it
	}
	p.file("d/f", "content")
	limit := p.features.Resolution + settlesWithin
	for start := time.Now(); time.Since(start) < limit; time.Sleep(200 * time.Millisecond) {
		if p.stat("d/f").Settled {
			return
		}
	}
	p.failf("a file is not Settled %s after it was put", limit)
}

func checkIdentifier(p *probe) {
	i, ok := core.As[core.Identifier](p.b)
	if !ok {
		return
	}
	own := i.Identity()
	p.mixture()
	if now := i.Identity(); now != own {
		p.failf("Identity was %q, and is %q after writing", own, now)
	}
	if p.store.Again != nil {
		if b := p.again(); b != nil && identity(b) != own {
			p.failf("Identity is %q, and %q of another backend on the same store", own, identity(b))
		}
	}
	other, err := p.store.Another()
	if err != nil {
		p.failf("opening another store: %w", err)
		return
	}
	if got := identity(other); got == own && own != "" {
		p.failf("two stores have the identity %q", own)
	}
}

// identity returns the identity of t, or "".
func identity(t core.Tree) string {
	if i, ok := core.As[core.Identifier](t); ok {
		return i.Identity()
	}
	return ""
}

// again opens the store once more; nil if that fails.
func (p *probe) again() core.Backend {
	b, err := p.store.Again()
	if err != nil {
		p.failf("the hook Again: %w", err)
		return nil
	}
	return b
}

// checkRememberer teaches the backend the md5 of a content that is replaced after,
// or before, it is told.
func checkRememberer(p *probe) {
	r, ok := core.As[core.Rememberer](p.b)
	if !ok {
		return
	}
	for i := range 10 {
		for _, late := range []bool{false, true} {
			key := fmt.Sprintf("d/f%d-%t", i, late)
			was, is := fmt.Sprintf("content %d", i), fmt.Sprintf("CONTENT %d", i)
			p.file(key, was)
			_, e, err := read(p.ctx, p.b, key)
			if err != nil {
				p.failf("Open(%q): %w", key, err)
			}
			e.MD5 = core.SumMD5([]byte(was))
			if late {
				p.rewrite(key, is)
				r.Remember(e)
			} else {
				r.Remember(e)
				p.rewrite(key, is)
			}
			checkForgotten(p, key, was)
		}
	}
}

// checkForgotten checks that neither Stat nor List tells the md5 of a content that
// was replaced.
func checkForgotten(p *probe, key, was string) {
	old := core.SumMD5([]byte(was))
	if e := p.stat(key); e.MD5 == old {
		p.failf("Stat(%q) has the md5 of a content that was replaced", key)
	}
	for _, e := range p.list("") {
		if e.Key == key && e.MD5 == old {
			p.failf("List has the md5 of a content of %q that was replaced", key)
		}
	}
}
