// Package core is the model of s3fc: trees of entries, the backends that store
// them, and the optional abilities that a backend may have. It knows no store, and
// imports the standard library only. Package core/reconcile makes one tree equal to
// another, package core/wrap decorates trees, and package conformance tests backends.
//
// # Model
//
// A [Tree] is an ordered set of entries. An [Entry] is a file, a link, or
// something that cannot be copied ([Other]), under a slash-separated key. A
// [Backend] is a Tree that can be changed. Six methods make a backend.
//
// # Order
//
// Entries come in byte order of the whole key, so that two trees of any size
// are compared by one merge, in constant memory. A directory therefore sorts
// as its name with a slash: "a-b" < "a.txt" < "a/1" < "a0".
//
// # Abilities
//
// A backend offers the other strengths of its store as optional interfaces, which
// callers find with [As]. There is a correct, slower way without each of them.
// These are stable:
//
//   - [Checker]: whether Put would refuse an entry
//   - [Prover], [Fingerprinter]: equality from a listing alone
//   - [BatchDeleter]: many deletes in one request
//   - [Copier]: copies inside a store
//   - [Coster], [RequestCounter]: requests before and after a run
//   - [Pricer], [Endpointer], [Locator]: the price of requests, and where they go
//   - [Creator]: whether the tree was made
//   - [Finisher]: steps after the last write
//   - [DirRemover]: directories that a run leaves empty
//   - [Auditor]: stored md5s and redirects, checked and repaired
//   - [Identifier], [Rememberer]: caches of hashes and answers
//   - [Versioner]: whether the store keeps older versions
//   - [WebsiteReader]: how the store shows the tree to visitors
//   - [Watcher]: changes, as they happen
//
// A backend that holds something open is an [io.Closer]; [Close] closes it.
//
// These exist for speed or for decorators, and may still change:
//
//   - [KeyLister], [KeyHint]: where to split a listing
//   - [Partitioner], [PartSums]: md5s of parts, computed once
//   - [HeaderKeeper]: headers and metadata of files; decorators hide it
//   - [Originator]: the entry behind a decorator's entry
//   - [DirRouter]: routing rules for links to directories
//   - [Buffers.GetAhead]: memory for reading ahead
package core
