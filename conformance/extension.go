package conformance

import (
	"bytes"
	"crypto/md5" //nolint:gosec // What the proofs are made of.
	"errors"
	"fmt"

	"github.com/s3fc/s3fc/core"
)

var extensionCases = []Case{
	{
		Name: "BatchDelete",
		Why:  "a batch delete has to do what Delete does, and to say of each entry what came of it",
		Run:  run(checkBatchDelete),
	},
	{
		Name: "Prover",
		Why:  "a proof that is wrong makes a changed file look the same, and it is never copied again",
		Run:  run(checkProver),
	},
	{
		Name: "Fingerprinter",
		Why:  "files of one fingerprint are never read to be compared",
		Run:  run(checkFingerprinter),
	},
	{
		Name: "Coster",
		Why:  "a plan is held against the budget by what is said here",
		Run:  run(checkCoster),
	},
	{
		Name: "Finisher",
		Why:  "what a backend does at the end of a run must not change what the run did",
		Run:  run(checkFinisher),
	},
	copierCase,
}

func checkBatchDelete(p *probe) {
	d, ok := core.As[core.BatchDeleter](p.b)
	if !ok {
		return
	}
	if n := d.BatchSize(); n < 1 {
		p.failf("BatchSize: %d, want at least 1", n)
		return
	}
	if errs := d.DeleteBatch(p.ctx, nil); len(errs) != 0 {
		p.failf("DeleteBatch of nothing: %v", errs)
	}
	p.files("a", "a-b", "d/x", "d/y", "keep", "kept/x")
	olds := []core.Entry{p.stat("a"), {Key: "missing", Kind: core.File}, p.staleFile("changed"), p.stat("d/x")}
	if p.features.Links {
		p.link("l", core.Target{Key: "keep"})
		olds = append(olds, p.stat("l"))
	}
	p.batch(d, olds)
	left := []string{"a-b", "d/y", "keep", "kept/x"}
	if p.features.Replace != core.GuardNone {
		left = append(left, "changed")
		p.holds("changed", "the second content")
	}
	p.holdsKeys(left...)
}

// batch deletes olds in batches and checks the answers. The third is stale.
func (p *probe) batch(d core.BatchDeleter, olds []core.Entry) {
	var errs []error
	for at := 0; at < len(olds); at += d.BatchSize() {
		part := olds[at:min(at+d.BatchSize(), len(olds))]
		got := d.DeleteBatch(p.ctx, part)
		if len(got) != len(part) {
			p.failf("DeleteBatch of %d entries: %d errors, want one an entry", len(part), len(got))
			return
		}
		errs = append(errs, got...)
	}
	for i, err := range errs {
		switch {
		case i == 2 && p.features.Replace != core.GuardNone:
			p.refused("DeleteBatch of an entry that was overwritten since", err, core.ErrChanged)
		case err != nil:
			p.failf("DeleteBatch(%q): %w", olds[i].Key, err)
		}
	}
}

// evidenceOf is all that can be known of a file, as a prover may ask for it.
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
		p.provesNothingWrong(prover, have, contents, targets)
		if content, isFile := contents[have.Key]; isFile {
			proved[have.Key] = prover.Proves(have, evidenceOf(prover, have, content))
		}
	}
	if proved["small"] != proved["larger"] || proved["small"] != proved["d/other"] {
		p.failf("some files are proved by their md5, and some are not: %v", proved)
	}
}

// provesNothingWrong offers what is not at have, and checks that no proof is
// found in it.
func (p *probe) provesNothingWrong(prover core.Prover, have core.Entry, contents map[string]string, targets map[string]core.Target) {
	for key, content := range contents {
		e := evidenceOf(prover, have, content)
		if key != have.Key && prover.Proves(have, e) {
			p.failf("%s proves the content of %q", show(have), key)
		}
		if e.Size++; prover.Proves(have, e) {
			p.failf("%s proves a content of another size", show(have))
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
	before := p.fingerprints(f)
	if print := before["small"]; print != "" && print == before["d/other"] {
		p.failf("two contents of one size have the fingerprint %q", print)
	}
	p.file("d/other", bytesOf("a third", 100))
	if print := p.fingerprints(f)["d/other"]; print != "" && (print == before["d/other"] || print == before["small"]) {
		p.failf("a file of a new content of the same size has the fingerprint %q, as the old one or another has", print)
	}
}

// fingerprints are those of all files by key, as a listing tells them.
func (p *probe) fingerprints(f core.Fingerprinter) map[string]string {
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
		p.costs(fmt.Sprintf("PutCost(%s)", show(e)), c.PutCost(e))
		p.costs(fmt.Sprintf("OpenCost(%s)", show(e)), c.OpenCost(e))
	}
	last := int64(0)
	for _, n := range []int64{0, 1, 1000, 1001, 1_000_000} {
		cost := c.DeleteCost(n)
		p.costs(fmt.Sprintf("DeleteCost(%d)", n), cost)
		if cost.Total() < last || (n == 0 && cost.Total() != 0) {
			p.failf("DeleteCost(%d): %s; want none for none, and not less for more", n, cost)
		}
		last = cost.Total()
	}
}

func (p *probe) costs(what string, r core.Requests) {
	for class, n := range r {
		if n < 0 {
			p.failf("%s: %d %s", what, n, core.Class(class))
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
			p.failf("Finish(%+v): %w", done, err)
		}
	}
	p.sameListing(before)
	p.files("after/finish")
	if err := errors.Join(p.errs...); err == nil {
		p.holds("after/finish", bytesOf("after/finish", 20))
	}
}
