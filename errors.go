package s3fc

import (
	"fmt"
)

// An OptionError says that a run cannot start because of an option or an
// argument. Nothing was opened for writing.
type OptionError struct {
	// Option is the name of the option, as for [Options.Set], or "source",
	// "destination", "tree", "backup"; empty if it concerns several.
	Option string
	Err    error
}

// Error returns the option and the reason.
func (e *OptionError) Error() string {
	if e.Option == "" {
		return e.Err.Error()
	}
	return e.Option + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *OptionError) Unwrap() error { return e.Err }

// An OverlapError says that source and destination share entries, so that a copy
// would read its own writes.
type OverlapError struct {
	Source, Destination string
	// How completes "the source ... ".
	How string
	// Inside says that the source lies inside the destination, which is possible
	// with DeleteNever.
	Inside bool
}

// Error describes the overlap.
func (e *OverlapError) Error() string {
	return fmt.Sprintf("the source %s: %s and %s; expected two trees that share nothing", e.How, e.Source, e.Destination)
}

// A MissingError says that a tree which must exist does not.
type MissingError struct {
	// Side is "source" or "destination", or empty where there is one tree.
	Side string
	Tree string // as the caller named it
	Err  error  // is fs.ErrNotExist
}

// Error says that the tree does not exist.
func (e *MissingError) Error() string {
	tree := e.Tree
	if e.Side != "" {
		tree = "the " + e.Side + " " + tree
	}
	return tree + " does not exist: " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *MissingError) Unwrap() error { return e.Err }

// An OneEntryError says that a URL names one entry, where a tree was expected.
type OneEntryError struct{ Tree string }

// Error says which tree to give instead.
func (e *OneEntryError) Error() string {
	return e.Tree + " names one entry, and whole trees are made equal: to copy it alone, give the tree that it lies in, and exclude everything else there"
}

// An IncompleteError says that a run went to its end, and that the destination is
// not as the source: entries failed or are in conflict, or were refused in a
// strict run. Options.Event has received each.
type IncompleteError struct {
	Errors, Conflicts, Refused int64
}

// Error returns the counts.
func (e *IncompleteError) Error() string {
	return fmt.Sprintf("incomplete: %d errors, %d conflicts, %d refused", e.Errors, e.Conflicts, e.Refused)
}
