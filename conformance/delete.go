package conformance

import (
	"fmt"

	"github.com/s3fc/s3fc/core"
)

func guardsReplace(f core.Features) bool { return f.Replace != core.GuardNone }

var deleteCases = []Case{
	{
		Name: "Delete",
		Why:  "what is not in the source has to go, and nothing else",
		Run:  run(checkDelete),
	},
	{
		Name: "DeleteMissing",
		Why:  "a delete is repeated after its answer got lost",
		Run:  run(checkDeleteMissing),
	},
	{
		Name: "DeleteSiblings",
		Why:  "a key that begins like another, or lies below it, is another",
		Run:  run(checkDeleteSiblings),
	},
	{
		Name: "DeleteChanged", Needs: guardsReplace,
		Why: "what somebody wrote since the plan was made must not be deleted unseen",
		Run: run(checkDeleteChanged),
	},
	{
		Name: "PutChanged", Needs: guardsReplace,
		Why: "what somebody wrote since the plan was made must not be overwritten unseen",
		Run: run(checkPutChanged),
	},
	{
		Name: "CreateRace", Needs: func(f core.Features) bool { return f.Create != core.GuardNone },
		Why: "what somebody created since the plan was made must not be overwritten unseen",
		Run: run(checkCreateRace),
	},
	{
		Name: "Unconditional", Needs: func(f core.Features) bool { return f.Create == core.GuardNone || f.Replace == core.GuardNone },
		Why: "a store that refuses what changed should declare it, and one that cannot must not fail half",
		Run: run(checkUnconditional),
	},
}

func (p *probe) remove(e core.Entry) {
	if err := p.b.Delete(p.ctx, e); err != nil {
		p.failf("Delete(%q): %w", e.Key, err)
	}
}

func checkDelete(p *probe) {
	p.files("a", "d/e/x", "d/y")
	if p.features.Links {
		p.link("d/l", core.Target{Key: "a"})
		p.remove(p.stat("d/l"))
		p.nothing("d/l")
		p.holds("a", bytesOf("a", 20))
	}
	p.remove(p.stat("d/e/x"))
	p.nothing("d/e/x")
	p.holdsKeys("a", "d/y")
	p.remove(p.stat("d/y"))
	p.remove(p.stat("a"))
	p.holdsKeys()
	p.files("d/e/x", "d/y/z") // nothing of the old is in the way
	p.holdsKeys("d/e/x", "d/y/z")
}

func checkDeleteMissing(p *probe) {
	e := p.file("d/f", "content")
	p.remove(e)
	p.remove(e)
	for _, key := range []string{"never", "no/dir/never", "d/f/x"} {
		e.Key = key
		p.remove(e)
	}
	p.holdsKeys()
}

func checkDeleteSiblings(p *probe) {
	siblings := []string{"a-b", "a.txt", "a0", "ab", "b/a", "d/a", "d/ab", "d-x", "dx"}
	if p.features.Flat {
		siblings = append(siblings, "a/x", "a/y/z", "d/a/x")
	}
	p.files(siblings...)
	p.files("a")
	p.remove(p.stat("a"))
	_ = p.b.Delete(p.ctx, core.Entry{Key: "d", Kind: core.File, Token: p.stat("d/a").Token}) // a directory is no entry
	p.nothing("a")
	p.holdsKeys(siblings...)
	p.files("a")
	p.remove(p.stat("d/a"))
	p.nothing("d/a")
	p.holds("d/ab", bytesOf("d/ab", 20))
	p.holds("a", bytesOf("a", 20))
}

// staleFile is an entry that was overwritten since.
func (p *probe) staleFile(key string) core.Entry {
	old := p.file(key, "the first content")
	p.file(key, "the second content")
	return old
}

func checkDeleteChanged(p *probe) {
	old := p.staleFile("d/f")
	p.refused("Delete of what was overwritten since", p.b.Delete(p.ctx, old), core.ErrChanged)
	p.holds("d/f", "the second content")
	if p.features.Links {
		p.link("d/f", core.Target{Key: "x"})
		p.refused("Delete of what became a link since", p.b.Delete(p.ctx, old), core.ErrChanged)
		link := p.stat("d/f")
		p.link("d/f", core.Target{Key: "y/longer"})
		p.refused("Delete of a link that was retargeted since", p.b.Delete(p.ctx, link), core.ErrChanged)
		p.holdsLink("d/f", core.Target{Key: "y/longer"})
	}
}

func checkPutChanged(p *probe) {
	old := p.staleFile("d/f")
	_, err := p.try(fileOf("d/f", "the third content"), "the third content", &old)
	p.refused("Put over what was overwritten since", err, core.ErrChanged)
	p.holds("d/f", "the second content")
	if p.features.Links {
		_, err = p.try(linkOf("d/f", core.Target{Key: "x"}), "", &old)
		p.refused("Put of a link over what was overwritten since", err, core.ErrChanged)
		p.holds("d/f", "the second content")
	}
	p.remove(p.stat("d/f"))
	_, err = p.try(fileOf("d/f", "the third content"), "the third content", &old)
	p.refused("Put over what was deleted since", err, core.ErrChanged)
	p.nothing("d/f")
	p.holdsKeys()
}

func checkCreateRace(p *probe) {
	p.files("d/f")
	_, err := p.try(fileOf("d/f", "another"), "another", nil)
	p.refused("Put where nothing was seen, over a file", err, core.ErrChanged)
	p.holds("d/f", bytesOf("d/f", 20))
	if !p.features.Links {
		return
	}
	_, err = p.try(linkOf("d/f", core.Target{Key: "x"}), "", nil)
	p.refused("Put of a link where nothing was seen, over a file", err, core.ErrChanged)
	p.holds("d/f", bytesOf("d/f", 20))
	p.link("l", core.Target{Key: "d"})
	for _, e := range []core.Entry{fileOf("l", "another"), linkOf("l", core.Target{Key: "x"})} {
		_, err = p.try(e, "another", nil)
		p.refused(fmt.Sprintf("Put of a %s where nothing was seen, over a link", e.Kind), err, core.ErrChanged)
	}
	p.holdsLink("l", core.Target{Key: "d"})
}

func checkUnconditional(p *probe) {
	old := p.staleFile("d/f")
	if p.features.Replace == core.GuardNone {
		_, over := p.try(fileOf("d/f", "the third content"), "the third content", &old)
		p.unguarded("Put over what was overwritten since", "Replace", over)
		p.holds("d/f", "the third content")
	}
	if p.features.Create == core.GuardNone {
		_, created := p.try(fileOf("d/f", "the fourth content"), "the fourth content", nil)
		p.unguarded("Put where nothing was seen, over a file", "Create", created)
		p.holds("d/f", "the fourth content")
	}
	if p.features.Replace == core.GuardNone {
		p.unguarded("Delete of what was overwritten since", "Replace", p.b.Delete(p.ctx, old))
		p.nothing("d/f")
	}
}

// unguarded checks that what a feature does not guard is done.
func (p *probe) unguarded(what, feature string, err error) {
	if err != nil {
		p.failf("%s: %w; want no error, for Features.%s is %s", what, err, feature, core.GuardNone)
	}
}
