package format

import (
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// Fingerprint returns the ETag of a listed entry if its form is that of an md5,
// or of an md5 of md5s of parts; see [core.Fingerprinter]. One that only has the
// form, as under KMS, is no other object's. A link page has the prefix of its tree in
// it, so an object of such a size has the prefix in its fingerprint, too: under another
// prefix the same page leads out of the tree. An empty object has none: its redirect
// is in no listing.
func (l Layout) Fingerprint(have core.Entry) string {
	if l.Express || have.Kind != core.File || have.Size == 0 || !isContentETag(have.Token) {
		return ""
	}
	if MayBeLink(have.Size) {
		return have.Token + " " + l.Prefix
	}
	return have.Token
}

// isContentETag reports whether an ETag has a form that is made of the content alone.
func isContentETag(token string) bool {
	if _, ok := core.ParseMD5(token); ok {
		return true
	}
	_, _, ok := ParsePartsETag(token)
	return ok
}

// PartSizes returns the part sizes in bytes under which a listed entry may have
// been stored, that which is remembered of it first; see [core.Prover].
func (l Layout) PartSizes(have core.Entry) []int64 {
	_, count, ok := ParsePartsETag(have.Token)
	if !ok || l.Express || have.Kind == core.Link {
		return nil
	}
	if have.Parts.Count == count && CountParts(have.Size, have.Parts.PartSize) == int64(count) {
		return []int64{have.Parts.PartSize}
	}
	return PartSizes(have.Size, count)
}

// Proves reports whether the ETag and size of a listed entry prove that it is the
// file or link of ev; see [core.Prover]. An ETag that is no md5 proves nothing.
func (l Layout) Proves(have core.Entry, ev core.Evidence) bool {
	switch {
	case l.Express || have.Kind == core.Other:
		return false
	case ev.Kind == core.Link:
		return l.provesLink(have, ev.Target)
	case ev.Kind == core.File:
		return have.Kind == core.File && provesFile(have, ev)
	}
	return false
}

// provesFile never takes an empty object for an empty file, nor a link page for
// a file of the same bytes: both may be links.
func provesFile(have core.Entry, ev core.Evidence) bool {
	if ev.Size != have.Size || have.Size == 0 {
		return false
	}
	if MayBeLink(have.Size) && (ev.Head == nil || HasLinkPageMark(ev.Head)) {
		return false
	}
	if sum, ok := core.ParseMD5(have.Token); ok {
		return sum == ev.MD5
	}
	sum, count, ok := ParsePartsETag(have.Token)
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

// provesLink tries each redirect to target that may have been written.
func (l Layout) provesLink(have core.Entry, target core.Target) bool {
	sum, ok := core.ParseMD5(have.Token)
	if !ok || !MayBeLink(have.Size) || l.CheckTarget(target) != nil {
		return false
	}
	if target.URL != "" || target.Key == "." || target.Dir != core.DirUnknown {
		return IsLinkPageSum(have.Size, sum, Location(l.Prefix, target))
	}
	file := Location(l.Prefix, target)
	return IsLinkPageSum(have.Size, sum, file) || IsLinkPageSum(have.Size, sum, file+"/")
}

// CheckTarget returns an error that is [core.ErrUnsupportedLink] if the redirect
// to target cannot be written.
func (l Layout) CheckTarget(target core.Target) error {
	if l.Express {
		return fmt.Errorf("%w: a directory bucket holds no redirects", core.ErrUnsupportedLink)
	}
	if n := len(Location(l.Prefix, target)); n > MaxLocation {
		return fmt.Errorf("%w: its redirect would be %d bytes long when percent-encoded, and %d is the longest in S3",
			core.ErrUnsupportedLink, n, MaxLocation)
	}
	return nil
}
