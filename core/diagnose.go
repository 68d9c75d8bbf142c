package core

import "context"

// A Verdict says how a finding of a diagnosis matters.
type Verdict uint8

// The verdicts.
const (
	// VerdictOK: it is as it should be.
	VerdictOK Verdict = iota
	// VerdictNote: a copy works, with the difference that the finding names.
	VerdictNote
	// VerdictUnknown: it was not looked at, or could not be found out.
	VerdictUnknown
	// VerdictFault: a copy to or from the tree would fail.
	VerdictFault
)

var verdictNames = [...]string{VerdictOK: "ok", VerdictNote: "note", VerdictUnknown: "unknown", VerdictFault: "fault"}

// String returns ok, note, unknown or fault.
func (v Verdict) String() string { return verdictNames[v] }

// MarshalText implements [encoding.TextMarshaler].
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A Diagnosis is one finding about a tree, in words for a person.
type Diagnosis struct {
	Check   string  `json:"check"` // the probe, in a word or two
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
	Remedy  string  `json:"remedy,omitempty"` // how to mend it, or ""
}

// A Diagnoser has probes of its own, beside those that every tree allows: listing,
// reading, writing, replacing, deleting and links, which were made before.
type Diagnoser interface {
	// Diagnose reports one finding a probe, serially, until ctx ends. With readOnly it
	// writes nothing. Whatever it writes otherwise, it removes.
	Diagnose(ctx context.Context, readOnly bool, report func(Diagnosis))
}
