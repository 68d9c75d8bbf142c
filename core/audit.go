package core

import "context"

// Finding is a kind of finding of a Comparison, in a word that programs can test.
type Finding string

// The findings.
const (
	FindingSame            Finding = "same"
	FindingOnlySource      Finding = "only-in-source"
	FindingOnlyDestination Finding = "only-in-destination"
	FindingContent         Finding = "content"     // two files of different bytes
	FindingTarget          Finding = "target"      // two links to different targets
	FindingKind            Finding = "kind"        // a file here, a link there
	FindingMD5             Finding = "md5"         // the md5 that is stored with a file is not its content's
	FindingCorrupt         Finding = "corrupt"     // the content is not the one that the store itself says it took
	FindingRedirect        Finding = "redirect"    // a link whose redirect is gone, so that nobody is redirected
	FindingNoMD5           Finding = "no-md5"      // nothing but reading tells the content's md5
	FindingUncarriable     Finding = "uncarriable" // it cannot be carried; Err says why
	FindingError           Finding = "error"       // it could not be read; Err says why
)

// Severity is how much a finding matters.
type Severity uint8

// The severities, in their order.
const (
	SeverityFine    Severity = iota
	SeverityRemark           // worth knowing, and no difference
	SeverityDiffers          // the trees differ, or the store's metadata is wrong
	SeverityFailed           // it is not known
)

// Severity returns how much f matters.
func (f Finding) Severity() Severity {
	switch f {
	case FindingSame:
		return SeverityFine
	case FindingNoMD5, FindingUncarriable:
		return SeverityRemark
	case FindingError:
		return SeverityFailed
	}
	return SeverityDiffers
}

// An Auditor keeps something beside the content of its entries that can be
// wrong: an md5 in metadata, a redirect.
type Auditor interface {
	// Audit checks the store's metadata of e, which is complete, with the md5 of
	// its content as it was read, and returns the flaws. If e is not the entry at
	// its key any more, the error is [ErrChanged].
	Audit(ctx context.Context, e Entry) ([]Flaw, error)
	// Repair mends the Repairable flaws that Audit found, without sending the
	// content. e is as for Audit; its ModTime is stored too, if it is not zero. It
	// returns the entry as it is then. If e is not the entry at its key any more,
	// nothing is done, and the error is [ErrChanged].
	Repair(ctx context.Context, e Entry) (Entry, error)
}

// A Flaw is something that an [Auditor] found to be wrong with an entry.
type Flaw struct {
	What       Finding
	Repairable bool
	Err        error // in words for a person
}
