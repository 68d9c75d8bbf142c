package s3

import "github.com/s3fc/s3fc/core"

var (
	_ core.Prover        = (*Tree)(nil)
	_ core.Fingerprinter = (*Tree)(nil)
)

// Fingerprint implements [core.Fingerprinter]: the ETag, if it has the form of
// an md5, or of an md5 of those of parts. One that has the form only, as under
// KMS, is no other object's.
func (t *Tree) Fingerprint(have core.Entry) string {
	if t.express || have.Kind != core.File || have.Size == 0 || mayBeLink(have.Size) {
		return ""
	}
	if _, ok := core.ParseMD5(have.Token); ok {
		return have.Token
	}
	if _, _, ok := parseParts(have.Token); ok {
		return have.Token
	}
	return ""
}

// PartSizes implements [core.Prover].
func (t *Tree) PartSizes(have core.Entry) []int64 {
	_, count, ok := parseParts(have.Token)
	if !ok || t.express || have.Kind == core.Link {
		return nil
	}
	return partSizes(have.Size, count)
}

// Proves implements [core.Prover]: an ETag that is the md5 of the content, or
// of the md5s of its parts, proves it. One that is not proves nothing.
func (t *Tree) Proves(have core.Entry, ev core.Evidence) bool {
	switch {
	case t.express || have.Kind == core.Other:
		return false
	case ev.Kind == core.Link:
		return t.provesLink(have, ev.Target)
	case ev.Kind == core.File:
		return have.Kind == core.File && provesFile(have, ev)
	}
	return false
}

// provesFile never takes an empty object for an empty file, nor a page of ours
// for a file of the same bytes: both may be links.
func provesFile(have core.Entry, ev core.Evidence) bool {
	if ev.Size != have.Size || have.Size == 0 {
		return false
	}
	if mayBeLink(have.Size) && (ev.Head == nil || looksLikePage(ev.Head)) {
		return false
	}
	if sum, ok := core.ParseMD5(have.Token); ok {
		return sum == ev.MD5
	}
	sum, count, ok := parseParts(have.Token)
	if !ok {
		return false
	}
	for _, p := range ev.Parts {
		if p.Count == count && p.MD5 == sum {
			return true
		}
	}
	return false
}

// provesLink tries each form that target may have been written in.
func (t *Tree) provesLink(have core.Entry, target core.Target) bool {
	sum, ok := core.ParseMD5(have.Token)
	if !ok || !mayBeLink(have.Size) || t.checkTarget(target) != nil {
		return false
	}
	if target.URL != "" || target.Key == "." || target.Dir != core.DirUnknown {
		return isPageSum(have.Size, sum, formatLocation(t.prefix, target))
	}
	file := formatLocation(t.prefix, target)
	return isPageSum(have.Size, sum, file) || isPageSum(have.Size, sum, file+"/")
}
