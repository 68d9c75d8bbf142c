package conformance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/s3fc/s3fc/core"
)

func hasLinks(f core.Features) bool { return f.Links }

var linkCases = []Case{
	{
		Name: "LinkForms", Guide: "Links", Needs: hasLinks,
		Why: "a link must come back with the same target, whatever the target's name, and whether it exists or not",
		Run: run(checkLinkForms),
	},
	{
		Name: "URLLinks", Guide: "Links", Needs: func(f core.Features) bool { return f.URLLinks },
		Why: "a link to a URL must come back byte for byte",
		Run: run(checkURLLinks),
	},
	{
		Name: "LinksRefused", Guide: "Links", Needs: func(f core.Features) bool { return !f.Links },
		Why: "a store without links must refuse them, or they arrive as something else",
		Run: run(checkLinksRefused),
	},
	{
		Name: "URLLinksRefused", Guide: "Links", Needs: func(f core.Features) bool { return !f.URLLinks },
		Why: "a store without links to URLs must refuse them, or they arrive as something else",
		Run: run(checkURLLinksRefused),
	},
	{
		Name: "BadTargets", Guide: "Links", Needs: func(f core.Features) bool { return f.Links || f.URLLinks },
		Why: "a target that is not valid must not be written, because it cannot be read back",
		Run: run(checkBadTargets),
	},
	{
		Name: "TargetTooLong", Guide: "Links", Needs: func(f core.Features) bool { return f.Links && f.MaxTarget > 0 },
		Why: "a target that is too long must be refused before anything is written; any other one must arrive",
		Run: run(checkTargetTooLong),
	},
	{
		Name: "DirTargets", Guide: "Links", Needs: hasLinks,
		Why: "some stores write a link to a directory differently; a known Target.Dir must not turn into its opposite",
		Run: run(checkDirTargets),
	},
	{
		Name: "FileToLinkAndBack", Guide: "Links", Needs: hasLinks,
		Why: "remains of the overwritten entry turn a file into a link, or a link into a file",
		Run: run(checkFileToLinkAndBack),
	},
	{
		Name: "UnderLink", Guide: "Links", Needs: hasLinks,
		Why: "links are never followed: one may lead anywhere, also out of the tree",
		Run: run(checkUnderLink),
	},
}

var oddTargets = []string{
	"f", "d/x", "d", "gone", "gone/deep/a/b/c", "a/b", "ünï/日本", "with space/x y", "100%", "%41", "a%2Fb", "a+b", "q?x=1", "frag#x", "a&b<c>\"'",
	"back\\slash", "http:/not-a-url", "...", "..x/y", "index.html", "\u00e9", "e\u0301", "😀", ".",
}

// longTargets are such as a store may recognise links by their size up to.
func longTargets() []string {
	var all []string
	for _, n := range []int{60, 100, 250, 600, 1000, 1500} {
		all = append(all, keyOf(n, 100))
	}
	return all
}

func checkLinkForms(p *probe) {
	p.files("f", "d/x", "sub/dir/f")
	held := map[string]core.Target{}
	for i, target := range append(longTargets(), oddTargets...) {
		for _, key := range []string{fmt.Sprintf("l%d", i), fmt.Sprintf("sub/dir/l%d", i)} {
			e := linkOf(key, core.Target{Key: target})
			if p.carries(e, "") {
				held[key] = e.Target
			}
		}
	}
	if len(held) < len(oddTargets) {
		p.failf("CheckPut refuses more than half of the links: %d of %d are stored", len(held), 2*len(oddTargets))
	}
	p.link("chain", core.Target{Key: "l0"})
	held["chain"] = core.Target{Key: "l0"}
	for key, target := range held {
		p.holdsLink(key, target)
	}
	checkListedLinks(p, held)
	p.holds("f", bytesOf("f", 20))
}

// checkListedLinks checks that a listing shows links as such, or with MaybeLink.
func checkListedLinks(p *probe, want map[string]core.Target) {
	n := 0
	for _, e := range p.list("") {
		target, isLink := want[e.Key]
		if isLink {
			n++
		}
		switch {
		case isLink && e.Kind == core.Link && !e.Partial && !e.Target.Same(target):
			p.failf("List yielded %s; want a link to %s", show(e), target)
		case isLink && e.Kind != core.Link && !e.MaybeLink, !isLink && e.Kind != core.File:
			p.failf("List yielded %s; want a %s, or MaybeLink", show(e), map[bool]core.Kind{true: core.Link, false: core.File}[isLink])
		}
	}
	if n != len(want) {
		p.failf("List yielded %d links; want %d", n, len(want))
	}
}

func checkURLLinks(p *probe) {
	for i, url := range []string{
		"https://example.org/", "http://example.org", "https://example.org/a%20b/%2F?c=d&e=f+g#h", "https://user@example.org:8080/x",
		"https://example.org/<\"'>", "http://[::1]:80/", "HTTPS://Example.org/X", "https://example.org//a//b/../c",
	} {
		target := core.Target{URL: url}
		if target.Check() != nil {
			continue // the scheme in capitals may be refused by core
		}
		key := fmt.Sprintf("d/l%d", i)
		if p.carries(linkOf(key, target), "") {
			p.holdsLink(key, target)
		} else {
			p.failf("Features.URLLinks is declared, but a link to %s is refused", url)
		}
	}
}

func checkLinksRefused(p *probe) {
	checkRefusedLinks(p, core.Target{Key: "f"}, core.Target{Key: "d", Dir: core.IsDir}, core.Target{Key: "."})
}

func checkURLLinksRefused(p *probe) {
	checkRefusedLinks(p, core.Target{URL: "https://example.org/x"}, core.Target{URL: "http://example.org/"})
}

func checkBadTargets(p *probe) {
	checkRefusedLinks(p,
		core.Target{}, core.Target{Key: "f", URL: "https://example.org/"}, core.Target{Key: ".."}, core.Target{Key: "../f"}, core.Target{Key: "/f"},
		core.Target{Key: "d//x"}, core.Target{Key: "d/./x"}, core.Target{Key: "d/../f"}, core.Target{Key: "d/"}, core.Target{Key: "a\x00b"},
		core.Target{Key: "a\nb"}, core.Target{Key: "a\xff"}, core.Target{URL: "ftp://example.org/"}, core.Target{URL: "https://"},
		core.Target{URL: "//example.org/x"}, core.Target{URL: "/x"}, core.Target{URL: "https://example.org/a b"},
		core.Target{URL: "https://example.org/\r\nX: y"}, core.Target{URL: "javascript:alert(1)"},
	)
}

// checkRefusedLinks checks that no link to any of the targets is stored, neither at a
// new key nor over a file.
func checkRefusedLinks(p *probe, targets ...core.Target) {
	p.files("f", "d/x")
	old := p.stat("f")
	for _, t := range targets {
		_, err := p.try(linkOf("l", t), "", nil)
		to := fmt.Sprintf("the key %q and the URL %q", t.Key, t.URL)
		p.refused("Put of a link to "+to, err, core.ErrUnsupportedLink)
		_, err = p.try(linkOf("f", t), "", &old)
		p.refused("Put over a file of a link to "+to, err, core.ErrUnsupportedLink)
		p.refused("CheckPut of a link to "+to, core.CheckPut(p.b, linkOf("l", t)), core.ErrUnsupportedLink)
	}
	p.nothing("l")
	p.holds("f", bytesOf("f", 20))
	p.holdsKeys("f", "d/x")
}

func checkTargetTooLong(p *probe) {
	n := p.features.MaxTarget
	fits, over := core.Target{Key: keyOf(n, 200)}, core.Target{Key: keyOf(n+1, 200)}
	if p.carries(linkOf("l", fits), "") {
		p.holdsLink("l", fits)
	} else {
		p.failf("Features.MaxTarget is %d, but a link to a key of %d bytes is refused", n, n)
	}
	checkRefusedLongLink(p, over)
	checkRefusedLongLink(p, core.Target{Key: strings.Repeat("日", n/3) + "xxxx"})
}

func checkRefusedLongLink(p *probe, t core.Target) {
	long := fmt.Sprintf("a link to a key of %d bytes", len(t.Key))
	_, err := p.try(linkOf("over", t), "", nil)
	p.refused("Put of "+long, err, core.ErrUnsupportedLink)
	p.refused("CheckPut of "+long, core.CheckPut(p.b, linkOf("over", t)), core.ErrUnsupportedLink)
	p.nothing("over")
}

func checkDirTargets(p *probe) {
	p.files("d/x", "f")
	kept := 0
	for _, t := range []core.Target{
		{Key: "gone", Dir: core.IsDir}, {Key: "gone", Dir: core.NotDir}, {Key: "d", Dir: core.IsDir}, {Key: "f", Dir: core.NotDir}, {Key: "gone/x", Dir: core.IsDir},
	} {
		p.link("l", t)
		got := p.stat("l").Target
		switch {
		case !got.Same(t):
			p.failf("a link to %s came back as one to %s", t, got)
		case got.Dir == t.Dir:
			kept++
		case got.Dir != core.DirUnknown:
			p.failf("Target.Dir of a link to %s was %q and came back as %q", t.Key, t.Dir, got.Dir)
		case p.features.DirTargets:
			p.failf("Features.DirTargets is declared, but Target.Dir %q of a link to %s was lost", t.Dir, t.Key)
		}
	}
	if kept == 5 && !p.features.DirTargets {
		p.failf("Target.Dir is kept, but Features.DirTargets is not declared")
	}
}

func checkFileToLinkAndBack(p *probe) {
	for _, key := range []string{"x", "d/e/x"} {
		p.file(key, "content")
		for range 2 {
			p.link(key, core.Target{Key: "d/first"})
			p.holdsLink(key, core.Target{Key: "d/first"})
			p.link(key, core.Target{Key: "second"})
			p.holdsLink(key, core.Target{Key: "second"})
			for _, content := range []string{"content again", "", bytesOf("page", 1021)} {
				p.file(key, content)
				p.holds(key, content)
			}
			p.file(key, "content")
			p.holds(key, "content")
		}
		checkListedLinks(p, nil)
	}
	p.holdsKeys("x", "d/e/x")
}

func checkUnderLink(p *probe) {
	p.files("d/x")
	p.link("l", core.Target{Key: "d", Dir: core.IsDir})
	p.nothing("l/x")
	through := p.stat("d/x")
	through.Key = "l/x"
	_ = p.b.Delete(p.ctx, through) // with or without an error, d/x must stay
	_, err := p.try(fileOf("l/x", "through"), "through", nil)
	_, errOver := p.try(fileOf("l/x", "through"), "through", &through)
	_, errNew := p.try(fileOf("l/new", "through"), "through", nil)
	if p.features.Flat {
		if err := errors.Join(err, errNew); err != nil {
			p.failf("Features.Flat is declared, but Put below a link fails: %w", err)
		}
		p.holds("l/x", "through")
		p.holdsKeys("d/x", "l", "l/new", "l/x")
	} else {
		p.refused("Put of l/x below a link l", err, core.ErrConflict)
		p.refused("Put of l/x, seen before, below a link l", errOver, core.ErrConflict)
		p.refused("Put of l/new below a link l", errNew, core.ErrConflict)
		p.nothing("l/x")
		p.holdsKeys("d/x", "l")
	}
	p.holds("d/x", bytesOf("d/x", 20))
	p.nothing("d/new")
	p.holdsLink("l", core.Target{Key: "d"})
}
