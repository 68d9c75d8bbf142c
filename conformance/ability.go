package conformance

import (
	"bytes"
	"crypto/md5" //nolint:gosec // Proofs are made of md5s.
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

var abilityCases = []Case{
	{
		Name: "BatchDelete", Guide: "Abilities",
		Why: "a batch must delete as Delete does, and report each entry's own error",
		Run: run(checkBatchDelete),
	},
	{
		Name: "Prover", Guide: "Abilities",
		Why: "a wrong proof makes a changed file look the same, and it is never copied again",
		Run: run(checkProver),
	},
	{
		Name: "Fingerprinter", Guide: "Abilities",
		Why: "entries of one fingerprint are never read or asked to be compared",
		Run: run(checkFingerprinter),
	},
	{
		Name: "Coster", Guide: "Abilities",
		Why: "a plan is compared with the request limit by these costs, before its first write",
		Run: run(checkCoster),
	},
	{
		Name: "Finisher", Guide: "Abilities",
		Why: "the last step of a run must not change the entries that the run wrote",
		Run: run(checkFinisher),
	},
	copierCase,
}

func checkBatchDelete(p *probe) {
	d, ok := core.As[core.BatchDeleter](p.b)
	if !ok {
		return
	}
	if n := d.BatchSize(); n < 1 {
		p.failf("BatchSize is %d; want at least 1", n)
		return
	}
	if errs := d.DeleteBatch(p.ctx, nil); len(errs) != 0 {
		p.failf("DeleteBatch of no entries returned %d errors; want none", len(errs))
	}
	p.files("a", "a-b", "d/x", "d/y", "keep", "kept/x")
	olds := []core.Entry{p.stat("a"), {Key: "missing", Kind: core.File}, p.staleFile("changed"), p.stat("d/x")}
	if p.features.Links {
		p.link("l", core.Target{Key: "keep"})
		olds = append(olds, p.stat("l"))
	}
	stays := deleteInBatches(p, d, olds)
	left := []string{"a-b", "d/y", "keep", "kept/x"}
	if stays {
		left = append(left, "changed")
		p.holds("changed", "the second content")
	}
	p.holdsKeys(left...)
}

// deleteInBatches deletes olds in batches and checks the errors. The third is stale, and stays
// if its guard notices it: a store without a declared guard may have one for deletes.
func deleteInBatches(p *probe, d core.BatchDeleter, olds []core.Entry) (stays bool) {
	var errs []error
	for at := 0; at < len(olds); at += d.BatchSize() {
		part := olds[at:min(at+d.BatchSize(), len(olds))]
		got := d.DeleteBatch(p.ctx, part)
		if len(got) != len(part) {
			p.failf("DeleteBatch of %d entries returned %d errors; want one an entry", len(part), len(got))
			return guardsReplace(p.features)
		}
		errs = append(errs, got...)
	}
	for i, err := range errs {
		switch {
		case i == 2 && (guardsReplace(p.features) || errors.Is(err, core.ErrChanged)):
			stays = true
			p.refused("DeleteBatch of an entry that was overwritten since", err, core.ErrChanged)
		case err != nil:
			p.failf("DeleteBatch(%q): %w", olds[i].Key, err)
		}
	}
	return stays
}

// evidenceOf returns all that a prover may ask of a file.
func evidenceOf(prover core.Prover, have core.Entry, content string) core.Evidence {
	e := core.Evidence{Kind: core.File, Size: int64(len(content)), MD5: core.SumMD5([]byte(content))}
	if len(content) <= core.HeadSize {
		e.Head = []byte(content)
	}
	for _, size := range prover.PartSizes(have) {
		e.Parts = append(e.Parts, partsOf(content, size))
	}
	return e
}

func partsOf(content string, size int64) core.PartsHash {
	var sums bytes.Buffer
	h := core.PartsHash{PartSize: size}
	for rest := []byte(content); len(rest) > 0; h.Count++ {
		n := min(int64(len(rest)), size)
		sum := md5.Sum(rest[:n]) //nolint:gosec // See the import.
		sums.Write(sum[:])
		rest = rest[n:]
	}
	h.MD5 = core.SumMD5(sums.Bytes())
	return h
}

func checkProver(p *probe) {
	prover, ok := core.As[core.Prover](p.b)
	if !ok {
		return
	}
	contents := map[string]string{"small": bytesOf("small", 100), "larger": bytesOf("larger", 50_000), "d/other": bytesOf("other", 100), "empty": ""}
	for key, content := range contents {
		p.file(key, content)
	}
	targets := map[string]core.Target{}
	if p.features.Links {
		targets = map[string]core.Target{"l": {Key: "small", Dir: core.NotDir}, "d/l": {Key: "d", Dir: core.IsDir}, "m": {Key: "none"}}
	}
	for key, t := range targets {
		p.link(key, t)
	}
	proved := map[string]bool{}
	for _, have := range p.list("") {
		provesNothingWrong(p, prover, have, contents, targets)
		if content, isFile := contents[have.Key]; isFile {
			proved[have.Key] = prover.Proves(have, evidenceOf(prover, have, content))
		}
	}
	if proved["small"] != proved["larger"] || proved["small"] != proved["d/other"] {
		p.failf("some files are proved by their md5 and others are not: small %t, larger %t, d/other %t", proved["small"], proved["larger"], proved["d/other"])
	}
}

// provesNothingWrong offers the evidence of other entries, and checks that have
// does not prove them.
func provesNothingWrong(p *probe, prover core.Prover, have core.Entry, contents map[string]string, targets map[string]core.Target) {
	for key, content := range contents {
		e := evidenceOf(prover, have, content)
		if key != have.Key && prover.Proves(have, e) {
			p.failf("%s proves the content of %q", show(have), key)
		}
		if e.Size++; prover.Proves(have, e) {
			p.failf("%s proves a content of another size", show(have))
		}
	}
	if sum, ok := core.ParseMD5(have.Token); ok && targets[have.Key] != (core.Target{}) {
		if page := (core.Evidence{Kind: core.File, Size: have.Size, MD5: sum}); prover.Proves(have, page) {
			p.failf("a link whose listing is %s proves a file of the md5 that its token shows", show(have))
		}
	}
	for content, sum := range map[string]core.MD5{"its own": core.SumMD5([]byte(contents[have.Key])), "an unknown": {}} {
		if prover.Proves(have, core.Evidence{Kind: core.Other, Size: have.Size, MD5: sum}) {
			p.failf("%s proves an Other of %s content", show(have), content)
		}
	}
	unknown := core.Evidence{Kind: core.File, Size: have.Size}
	if prover.Proves(have, unknown) {
		p.failf("%s proves a file of unknown md5", show(have))
	}
	others := []core.Target{{Key: "small2"}, {Key: "d/small"}, {Key: "d", Dir: core.NotDir}, {URL: "https://example.org/"}, {Key: "."}}
	for key, t := range targets {
		if key != have.Key {
			others = append(others, t)
		}
	}
	for _, t := range others {
		if prover.Proves(have, core.Evidence{Kind: core.Link, Target: t}) && !targets[have.Key].Same(t) {
			p.failf("%s proves a link to %s", show(have), t)
		}
	}
}

func checkFingerprinter(p *probe) {
	f, ok := core.As[core.Fingerprinter](p.b)
	if !ok {
		return
	}
	small, other := bytesOf("small", 100), bytesOf("other", 100)
	p.file("small", small)
	p.file("d/other", other)
	if p.features.Links {
		p.link("link", core.Target{Key: "small"})
		for _, e := range p.list("") {
			if shown := f.Fingerprint(e); e.Kind == core.Link && shown != "" {
				p.failf("an entry that is listed as a link has the fingerprint %q; want none, or it counts as a file of the same bytes", shown)
			}
		}
	}
	before := fingerprintsOf(p, f)
	if shown := before["small"]; shown != "" && shown == before["d/other"] {
		p.failf("two contents of one size have the fingerprint %q", shown)
	}
	p.file("d/other", bytesOf("a third", 100))
	if shown := fingerprintsOf(p, f)["d/other"]; shown != "" && (shown == before["d/other"] || shown == before["small"]) {
		p.failf("a file with a new content of the same size has the fingerprint %q of the old content or of another file", shown)
	}
	fingerprintsOfLinks(p, f)
}

// fingerprintsOfLinks checks that links to different targets, and a file, have
// different fingerprints.
func fingerprintsOfLinks(p *probe, f core.Fingerprinter) {
	if !p.b.Features().Links {
		return
	}
	p.link("to-small", core.Target{Key: "small", Dir: core.NotDir})
	p.link("to-other", core.Target{Key: "other", Dir: core.NotDir})
	all := fingerprintsOf(p, f)
	if shown := all["to-small"]; shown != "" && (shown == all["to-other"] || shown == all["small"]) {
		p.failf("a link has the fingerprint %q of a link to another target, or of a file", shown)
	}
}

// fingerprintsOf returns the fingerprint of each listed entry by key.
func fingerprintsOf(p *probe, f core.Fingerprinter) map[string]string {
	all := map[string]string{}
	for _, e := range p.list("") {
		all[e.Key] = f.Fingerprint(e)
	}
	return all
}

func checkCoster(p *probe) {
	c, ok := core.As[core.Coster](p.b)
	if !ok {
		return
	}
	for _, e := range []core.Entry{fileOf("f", "x"), {Key: "large", Kind: core.File, Size: 1 << 40}, linkOf("l", core.Target{Key: "f"})} {
		checkCosts(p, fmt.Sprintf("PutCost(%s)", show(e)), c.PutCost(e))
		checkCosts(p, fmt.Sprintf("OpenCost(%s)", show(e)), c.OpenCost(e))
	}
	last := int64(0)
	for _, n := range []int64{0, 1, 1000, 1001, 1_000_000} {
		cost := c.DeleteCost(n)
		checkCosts(p, fmt.Sprintf("DeleteCost(%d)", n), cost)
		if cost.Total() < last || (n == 0 && cost.Total() != 0) {
			p.failf("DeleteCost(%d) is %s; want none for no entries, and never less for more entries", n, cost)
		}
		last = cost.Total()
	}
}

// checkCosts checks that no class of a cost is negative.
func checkCosts(p *probe, call string, r core.Requests) {
	for class, n := range r {
		if n < 0 {
			p.failf("%s has %d %s; want no negative number", call, n, core.Class(class))
		}
	}
}

func checkFinisher(p *probe) {
	f, ok := core.As[core.Finisher](p.b)
	if !ok {
		return
	}
	p.mixture()
	before := p.list("")
	for _, done := range []core.Done{{}, {LinksPut: 1}, {LinksPut: 2, Deletes: true}} {
		if _, err := f.Finish(p.ctx, done); err != nil {
			p.failf("Finish after %d links, with Deletes %t: %w", done.LinksPut, done.Deletes, err)
		}
	}
	p.sameListing(before)
	p.files("after/finish")
	if err := errors.Join(p.errs...); err == nil {
		p.holds("after/finish", bytesOf("after/finish", 20))
	}
}
