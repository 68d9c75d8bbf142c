// Package core holds the model of s3fc and the reconciler that makes one tree
// equal to another. It knows no store and imports the standard library only.
//
// # Model
//
// A [Tree] is an ordered set of entries. An [Entry] is a file, a link, or
// something that cannot be carried ([Other]), under a slash-separated key. A
// [Backend] is a Tree that can be changed. Six methods make a backend; what
// else a store does well it offers as an optional interface that core finds
// with [As]: [BatchDeleter], [Copier], [Prover], [Fingerprinter], [Rememberer], [Checker], [Coster],
// [RequestCounter], [Finisher], [Auditor], [Versioner]. Core has a correct, slower way without each of them.
//
// # Order
//
// Entries come in byte order of the whole key, so that two trees of any size
// are compared by one merge, in constant memory. A directory therefore sorts
// as its name with a slash: "a-b" < "a.txt" < "a/1" < "a0".
//
// # Reconciling
//
// A [Reconciler] lists both trees, joins the two listings by key, and decides
// for each pair what is to be done. The plan is complete before the first
// write, so that guards speak before anything is changed; then it is applied:
// files, then links, then deletes and replacements.
package core
