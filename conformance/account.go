package conformance

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/s3fc/s3fc/core"
)

var accountCases = []Case{
	{
		Name: "Checker", Guide: "Abilities",
		Why: "a plan reports refusals before its first write; a Put that refuses more fails in the middle of the run",
		Run: run(checkChecker),
	},
	{
		Name: "RequestCounter", Guide: "Abilities",
		Why: "the request limit and the bill in the summary are made of these counts",
		Run: run(checkRequestCounter),
	},
	{
		Name: "CostCoversRequests", Guide: "Abilities",
		Why: "a plan that costs more than it announced passes the request limit before its first write and breaks off in the middle",
		Run: run(checkCostCoversRequests),
	},
	{
		Name: "Versioner", Guide: "Abilities",
		Why: "a person who is told that old versions are kept deletes with less care",
		Run: run(checkVersioner),
	},
	{
		Name: "Headers", Guide: "Abilities",
		Why: "rules give files headers; a header that stays from an older file is sent to visitors unseen",
		Run: run(checkHeaders),
	},
	{
		Name: "HeaderKeeper", Guide: "Abilities",
		Why: "a change of the rules changes files whose content stays; a change of another version, or of more than was asked for, is found by nobody",
		Run: run(checkSetHeaders),
	},
	{
		Name: "Auditor", Guide: "Abilities",
		Why: "check reports the flaws that an audit finds; an audit that sees none, or a repair of another version, does harm unseen",
		Run: run(checkAuditor),
	},
}

func checkChecker(p *probe) {
	c, ok := core.As[core.Checker](p.b)
	if !ok {
		return
	}
	bad := []core.Entry{
		{Key: "o", Kind: core.Other, Problem: fs.ErrInvalid}, fileOf("", ""), fileOf("a//b", ""), fileOf("../a", ""), fileOf("a\x00", ""),
		linkOf("l", core.Target{}), linkOf("l", core.Target{Key: "../out"}), linkOf("l", core.Target{URL: "ftp://example.org/"}),
	}
	if n := p.features.MaxKey; n > 0 {
		bad = append(bad, fileOf(keyOf(n+1, segmentLength(p)), ""))
	}
	for _, e := range bad {
		err := c.CheckPut(e)
		if !sameRefusal(err, err) {
			p.failf("CheckPut of kind %s at %q, which Features refuse, is neither core.ErrUnsupportedKey nor core.ErrUnsupportedLink: %s", e.Kind, e.Key, orNone(err))
		}
	}
	for _, e := range []core.Entry{fileOf("f", "content"), fileOf("d/e/f", "content")} {
		if err := c.CheckPut(e); err != nil {
			p.failf("CheckPut of a plain file at %q: %w", e.Key, err)
		}
		p.put(e, "content")
		if err := c.CheckPut(e); err != nil {
			p.failf("CheckPut(%q) depends on the entry that is there: %w", e.Key, err)
		}
	}
}

// orNone is the text of an error, or that there is none.
func orNone(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}

func checkRequestCounter(p *probe) {
	c, ok := core.As[core.RequestCounter](p.b)
	if !ok {
		return
	}
	before := c.Requests()
	p.mixture()
	p.holds("small", "x")
	p.list("")
	p.remove(p.stat("small"))
	after := c.Requests()
	checkCosts(p, "Requests after a run, less those before,", after.Sub(before))
	if again := c.Requests(); again != after {
		p.failf("Requests is %s, and then, with nothing done, %s", after, again)
	}
}

// checkCostCoversRequests compares the cost of an operation with the requests that
// it really needs.
func checkCostCoversRequests(p *probe) {
	coster, costs := core.As[core.Coster](p.b)
	counter, counts := core.As[core.RequestCounter](p.b)
	if !costs || !counts {
		return
	}
	p.files("first") // the first operation may have to learn something
	p.holds("first", bytesOf("first", 20))
	within := func(op string, cost core.Requests, do func()) {
		before := counter.Requests()
		do()
		spent := counter.Requests().Sub(before)
		if cost.Total() > 0 && spent.Total() == 0 {
			p.failf("%s was announced with %s, and no request is counted", op, cost)
		}
		for class, n := range spent {
			if n > cost[class] {
				p.failf("%s was announced with %s and needed %s", op, cost, spent)
				return
			}
		}
	}
	for _, size := range []int{0, 100, 1 << 20} {
		key := fmt.Sprintf("d/%d", size)
		e := fileOf(key, bytesOf(key, size))
		within(fmt.Sprintf("Put of %d bytes", size), coster.PutCost(e), func() { e = p.putOver(e, bytesOf(key, size), nil) })
		within(fmt.Sprintf("Open of %d bytes", size), coster.OpenCost(e), func() {
			if _, _, err := read(p.ctx, p.b, key); err != nil {
				p.failf("Open(%q): %w", key, err)
			}
		})
		within("Delete", coster.DeleteCost(1), func() { p.remove(e) })
	}
}

func checkVersioner(p *probe) {
	v, ok := core.As[core.Versioner](p.b)
	if !ok {
		return
	}
	p.mixture()
	listed := p.list("")
	first, err := v.Versioning(p.ctx)
	if err != nil {
		p.failf("Versioning: %w; a store that does not tell is core.VersionsUnknown", err)
	}
	if first != core.VersionsUnknown && first != core.VersionsGone && first != core.VersionsKept {
		p.failf("Versioning returned %d, which is none of core.VersionsUnknown, VersionsGone and VersionsKept", first)
	}
	p.remove(p.stat("small"))
	p.file("small", "x")
	if again, err := v.Versioning(p.ctx); err != nil || again != first {
		p.failf("Versioning returned %d, and after a delete %d: %v", first, again, err)
	}
	if n := len(p.list("")); n != len(listed) {
		p.failf("List yielded %d entries after Versioning; want %d: old versions are no entries", n, len(listed))
	}
}

func checkAuditor(p *probe) {
	a, ok := core.As[core.Auditor](p.b)
	if !ok {
		return
	}
	content := bytesOf("audited", 1000)
	p.file("d/f", content)
	good := p.stat("d/f")
	good.MD5 = core.SumMD5([]byte(content))
	checkAudit(p, a, good, nil)
	bad := good
	bad.MD5 = core.SumMD5([]byte("another content"))
	checkAudit(p, a, bad, []core.Finding{core.FindingMD5, core.FindingCorrupt})
	if p.features.Links {
		p.link("l", core.Target{Key: "d/f", Dir: core.NotDir})
		checkAudit(p, a, p.stat("l"), nil)
	}
	checkRepair(p, a, good, content)
	stale := p.stat("d/f")
	stale.MD5 = good.MD5
	p.file("d/f", "the second content")
	_, err := a.Audit(p.ctx, stale)
	p.refused("Audit of a file that was overwritten since", err, core.ErrChanged)
	_, err = a.Repair(p.ctx, stale)
	p.refused("Repair of a file that was overwritten since", err, core.ErrChanged)
	p.holds("d/f", "the second content")
}

// checkAudit checks that Audit finds one of want in e, or nothing if there are none. A
// store that keeps no md5 may say so.
func checkAudit(p *probe, a core.Auditor, e core.Entry, want []core.Finding) {
	flaws, err := a.Audit(p.ctx, e)
	if err != nil {
		p.failf("Audit(%q): %w", e.Key, err)
		return
	}
	found := len(want) == 0
	for _, f := range flaws {
		if f.Err == nil {
			p.failf("Audit(%q) found %q without words for a person", e.Key, f.What)
		}
		known := false
		for _, w := range want {
			known = known || f.What == w
		}
		found = found || known
		if !known && f.What != core.FindingNoMD5 {
			p.failf("Audit(%q) found %q: %w", e.Key, f.What, f.Err)
		}
	}
	if !found {
		p.failf("Audit(%q) with the md5 of another content found none of %q", e.Key, want)
	}
}

// checkRepair checks that Repair of a file without flaws leaves content, time and kind.
func checkRepair(p *probe, a core.Auditor, e core.Entry, content string) {
	repaired, err := a.Repair(p.ctx, e)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return
	case err != nil:
		p.failf("Repair(%q) of a file without flaws: %w", e.Key, err)
		return
	}
	p.holds(e.Key, content)
	now := p.stat(e.Key)
	if repaired.Token != now.Token || !repaired.Same(now) && now.MD5.Known() {
		p.failf("Repair(%q) returned %s with token %q; Stat has %s with token %q", e.Key, show(repaired), repaired.Token, show(now), now.Token)
	}
}
