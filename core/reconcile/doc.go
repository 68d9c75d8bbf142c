// Package reconcile makes one tree equal to another.
//
// A [Reconciler] lists both trees, joins the two listings by key, and decides
// for each pair of entries what to do. The [Plan] is complete before the first
// write, so guards speak before anything is changed. Apply then carries it out:
// files, links, deletes and replacements. A [Comparison] compares two trees by
// content instead.
//
// The package knows no store. No backend and no decorator imports it.
package reconcile
