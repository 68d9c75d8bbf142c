package conformance

import (
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

func guardsCreate(f core.Features) bool { return f.Create != core.GuardNone }

func guardsReplace(f core.Features) bool { return f.Replace != core.GuardNone }

var guardCases = []Case{
	{
		Name: "DeleteChanged", Guide: "Guards", Needs: guardsReplace,
		Why: "a file that somebody overwrote since the plan was made must not be deleted unseen",
		Run: run(checkDeleteChanged),
	},
	{
		Name: "PutChanged", Guide: "Guards", Needs: guardsReplace,
		Why: "a file that somebody overwrote since the plan was made must not be overwritten unseen",
		Run: run(checkPutChanged),
	},
	{
		Name: "CreateRace", Guide: "Guards", Needs: guardsCreate,
		Why: "a file that somebody created since the plan was made must not be overwritten unseen",
		Run: run(checkCreateRace),
	},
	{
		Name: "ChangedWhileSent", Guide: "Guards", Needs: func(f core.Features) bool { return guardsCreate(f) || guardsReplace(f) },
		Why: "a guard that looks before it reads the body misses every change during a long upload",
		Run: run(checkChangedWhileSent),
	},
	{
		Name: "Unconditional", Guide: "Guards", Needs: func(f core.Features) bool { return !guardsCreate(f) || !guardsReplace(f) },
		Why: "a store that refuses to overwrite a change must declare so, and one without a guard must not fail halfway",
		Run: run(checkUnconditional),
	},
}

// staleFile returns an entry that was overwritten since.
func (p *probe) staleFile(key string) core.Entry {
	old := p.file(key, "the first content")
	p.file(key, "the second content")
	return old
}

func checkDeleteChanged(p *probe) {
	old := p.staleFile("d/f")
	p.refused("Delete of a file that was overwritten since", p.b.Delete(p.ctx, old), core.ErrChanged)
	p.holds("d/f", "the second content")
	if p.features.Links {
		p.link("d/f", core.Target{Key: "x"})
		p.refused("Delete of a file that became a link since", p.b.Delete(p.ctx, old), core.ErrChanged)
		link := p.stat("d/f")
		p.link("d/f", core.Target{Key: "y/longer"})
		p.refused("Delete of a link that was retargeted since", p.b.Delete(p.ctx, link), core.ErrChanged)
		p.holdsLink("d/f", core.Target{Key: "y/longer"})
	}
}

func checkPutChanged(p *probe) {
	old := p.staleFile("d/f")
	_, err := p.try(fileOf("d/f", "the third content"), "the third content", &old)
	p.refused("Put over a file that was overwritten since", err, core.ErrChanged)
	p.holds("d/f", "the second content")
	if p.features.Links {
		_, err = p.try(linkOf("d/f", core.Target{Key: "x"}), "", &old)
		p.refused("Put of a link over a file that was overwritten since", err, core.ErrChanged)
		p.holds("d/f", "the second content")
	}
	p.remove(p.stat("d/f"))
	_, err = p.try(fileOf("d/f", "the third content"), "the third content", &old)
	p.refused("Put over a file that was deleted since", err, core.ErrChanged)
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

// checkChangedWhileSent changes the entry at the key while the body of its
// successor is read.
func checkChangedWhileSent(p *probe) {
	for _, size := range []int{1000, 300_000} {
		key := fmt.Sprintf("d/%d", size)
		content := bytesOf("sent", size)
		if guardsCreate(p.features) {
			changeWhileSent(p, key+"-new", content, nil, func() { p.files(key + "-new") })
			p.holds(key+"-new", bytesOf(key+"-new", 20))
		}
		if guardsReplace(p.features) {
			old := p.file(key, "old content")
			changeWhileSent(p, key, content, &old, func() { p.file(key, "a newer content") })
			p.holds(key, "a newer content")
			old = p.stat(key)
			changeWhileSent(p, key, content, &old, func() { p.remove(old) })
			p.nothing(key)
		}
	}
}

// changeWhileSent puts a file whose body calls change in the middle, and checks
// that the change is noticed.
func changeWhileSent(p *probe, key, content string, old *core.Entry, change func()) {
	body := &faultyBody{content: content, half: func() error { change(); return nil }}
	_, err := p.b.Put(p.ctx, fileOf(key, content), body, old)
	p.refused(fmt.Sprintf("Put(%q) of %d bytes, where the entry changes while the body is read", key, len(content)), err, core.ErrChanged)
}

func checkUnconditional(p *probe) {
	old := p.staleFile("d/f")
	if p.features.Replace == core.GuardNone {
		_, over := p.try(fileOf("d/f", "the third content"), "the third content", &old)
		checkUnguarded(p, "Put over a file that was overwritten since", "Replace", over)
		p.holds("d/f", "the third content")
	}
	if p.features.Create == core.GuardNone {
		_, created := p.try(fileOf("d/f", "the fourth content"), "the fourth content", nil)
		checkUnguarded(p, "Put where nothing was seen, over a file", "Create", created)
		p.holds("d/f", "the fourth content")
	}
	if p.features.Replace != core.GuardNone {
		return
	}
	if err := p.b.Delete(p.ctx, old); !errors.Is(err, core.ErrChanged) { // a store may guard its deletes alone
		checkUnguarded(p, "Delete of a file that was overwritten since", "Replace", err)
		p.nothing("d/f")
	}
}

// checkUnguarded checks that the operation op succeeded, because the feature that would
// guard against it is not declared.
func checkUnguarded(p *probe, op, feature string, err error) {
	if err != nil {
		p.failf("Features.%s is %s, but %s fails: %w", feature, core.GuardNone, op, err)
	}
}
