// Package wrap holds decorators: functions that take a tree or backend and
// return one that hides, repeats, paces, counts, breaks, forbids or renames.
//
// Each is safe for concurrent use if its inner tree is. None closes the inner tree:
// the opener of a backend closes it.
//
// # Extensions
//
// [core.As] must never find a way round a decorator. So none of these has a
// method Unwrap: each offers the optional interfaces itself, in its own terms
// (the keys of a batch delete are renamed, counted, held back), or not at all.
// Those that do no I/O and would say nothing without an inner one
// ([core.Prover], [core.Fingerprinter], [core.Coster], [core.RequestCounter], [core.Pricer],
// [core.Endpointer], [core.Versioner], [core.Identifier], [core.Rememberer]) are always there;
// [core.BatchDeleter] is there only if the inner backend has it. Copies within
// a store ([core.Copier], [core.Originator]) pass those decorators through which
// content passes unchanged and uncounted: Filter, Sub, Limit and ReadOnly. An
// [core.Auditor] and a [core.DirRouter] write by ways of their own, and are lost.
//
// A decorator outside this package begins with [Base], which passes on all that it
// does not override.
package wrap
