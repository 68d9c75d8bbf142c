package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/s3fc/s3fc/core"
)

var handleCases = []Case{
	{
		Name: "OneStore", Guide: "Testing it", Hooks: []string{"Again"},
		Why: "a backend that answers from its own memory plans with entries that others changed long ago",
		Run: run(checkOneStore),
	},
	{
		Name: "GuardsBetweenHandles", Guide: "Guards", Hooks: []string{"Again"},
		Needs: func(f core.Features) bool { return guardsCreate(f) || guardsReplace(f) },
		Why:   "a guard that is a lock inside one process does not stop another process",
		Run:   run(checkGuardsBetweenHandles),
	},
	{
		Name: "StoresAreApart", Guide: "Testing it", Hooks: []string{"Another"},
		Why: "two stores that share something delete each other's entries",
		Run: run(checkStoresAreApart),
	},
}

// from returns a probe of the same store through b, whose failures go to q, named
// by who.
func (p *probe) from(b core.Backend) *probe {
	return &probe{ctx: p.ctx, store: p.store, b: b, features: b.Features()}
}

// join takes over the failures of q, a probe of another handle.
func (p *probe) join(who string, q *probe) {
	if err := errors.Join(q.errs...); err != nil {
		p.failf("%s: %w", who, err)
	}
}

func checkOneStore(p *probe) {
	b := p.again()
	if b == nil {
		return
	}
	q := p.from(b)
	if q.features != p.features {
		p.failf("two backends on one store have different Features: %s", featuresDiffer(p.features, q.features))
	}
	p.holdsKeys()
	q.holdsKeys()
	p.files("a", "d/x", "d/y")
	q.holdsKeys("a", "d/x", "d/y")
	q.holds("d/x", bytesOf("d/x", 20))
	q.file("d/x", "a newer content")
	p.holds("d/x", "a newer content")
	checkSeenAlike(p, q)
	q.remove(q.stat("d/x"))
	q.remove(q.stat("d/y")) // and its directory
	p.nothing("d/x")
	p.holdsKeys("a")
	q.files("d/z", "e/f/g")
	p.holds("d/z", bytesOf("d/z", 20))
	p.holdsKeys("a", "d/z", "e/f/g")
	p.files("d/w") // into a directory that was replaced
	q.holds("d/w", bytesOf("d/w", 20))
	q.remove(q.stat("d/w"))
	p.files("r/x") // a backend may keep its directory open
	q.remove(q.stat("r/x"))
	q.files("r/y")
	p.files("r/z")
	q.holdsKeys("a", "d/z", "e/f/g", "r/y", "r/z")
	q.remove(q.stat("r/y"))
	q.remove(q.stat("r/z"))
	if p.features.Links {
		q.remove(q.stat("d/z"))
		q.link("d", core.Target{Key: "e"}) // where a directory was
		p.holdsLink("d", core.Target{Key: "e"})
		p.nothing("d/f/g")
		q.remove(q.stat("d"))
	} else {
		q.remove(q.stat("d/z"))
	}
	q.file("d", "a file where a directory was")
	p.holds("d", "a file where a directory was")
	p.join("through another backend on the same store", q)
}

// checkSeenAlike checks that two handles show the same entries, so that the token that
// one has is good for a condition of the other.
func checkSeenAlike(p *probe, q *probe) {
	for _, e := range p.list("") {
		mine, theirs := p.stat(e.Key), q.stat(e.Key)
		if diff := differences(mine, theirs); diff != "" {
			p.failf("%q: two backends on one store return different entries: %s", e.Key, diff)
		}
	}
}

func checkGuardsBetweenHandles(p *probe) {
	b := p.again()
	if b == nil {
		return
	}
	q := p.from(b)
	if guardsReplace(p.features) {
		seen := p.file("d/f", "the first content")
		q.file("d/f", "the second content")
		_, err := p.try(fileOf("d/f", "the third content"), "the third content", &seen)
		p.refused("Put over a file that another backend overwrote since", err, core.ErrChanged)
		p.refused("Delete of a file that another backend overwrote since", p.b.Delete(p.ctx, seen), core.ErrChanged)
		q.holds("d/f", "the second content")
	}
	if guardsCreate(p.features) {
		q.files("d/new")
		_, err := p.try(fileOf("d/new", "another"), "another", nil)
		p.refused("Put where nothing was seen, over a file that another backend created", err, core.ErrChanged)
		q.holds("d/new", bytesOf("d/new", 20))
	}
	for i := range 5 {
		key := fmt.Sprintf("race/%d", i)
		raceBetween(p, q, key, nil, p.features.Create)
		old := p.seen(key)
		raceBetween(p, q, key, old, p.features.Replace)
	}
	p.join("through another backend on the same store", q)
}

// raceBetween lets both handles put at key at the same time, having seen old. If the
// guard is atomic, one of them must be told.
func raceBetween(p *probe, q *probe, key string, old *core.Entry, guard core.Guard) {
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, h := range []*probe{p, q} {
		content := bytesOf(fmt.Sprint(key, i, old == nil), 30_000+i)
		wg.Go(func() { _, errs[i] = h.try(fileOf(key, content), content, old) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, core.ErrChanged):
			p.failf("Put(%q) through two backends at the same time: %s", key, notErr(err, core.ErrChanged))
		}
	}
	if won == 0 || won > 1 && guard == core.GuardAtomic {
		p.failf("%d of 2 backends that put at %q at the same time succeeded, having seen %s; want one", won, key, seenAs(old))
	}
	if _, err := q.b.Stat(q.ctx, key); errors.Is(err, fs.ErrNotExist) {
		p.failf("after two backends put at %q at the same time, nothing is there", key)
	}
}

func checkStoresAreApart(p *probe) {
	other, err := p.store.Another()
	if err != nil {
		p.failf("opening another store: %w", err)
		return
	}
	q := p.from(other)
	p.files("a", "d/x")
	q.holdsKeys()
	q.nothing("a")
	q.file("a", "in the other store")
	p.holds("a", bytesOf("a", 20))
	q.remove(q.stat("a"))
	p.holdsKeys("a", "d/x")
	p.join("in another store", q)
}

// seenAs describes the old of a Put.
func seenAs(old *core.Entry) string {
	if old == nil {
		return "nothing"
	}
	return show(*old)
}
