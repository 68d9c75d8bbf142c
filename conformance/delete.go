package conformance

import "github.com/s3fc/s3fc/core"

var deleteCases = []Case{
	{
		Name: "Delete", Guide: "Deleting",
		Why: "an entry that the source lacks must go, and no other one with it",
		Run: run(checkDelete),
	},
	{
		Name: "DeleteMissing", Guide: "Deleting",
		Why: "a delete is sent again after its answer got lost",
		Run: run(checkDeleteMissing),
	},
	{
		Name: "DeleteSiblings", Guide: "Deleting",
		Why: "a key that begins like the deleted one, or lies below it, is another key",
		Run: run(checkDeleteSiblings),
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
	p.files("d/e/x", "d/y/z") // no remains are in the way
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
