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
// # Words
//
// Each has this one meaning in code, messages and documentation:
//
//   - key: an entry's name, its path with slashes, relative to the tree
//   - tree: an ordered set of entries; a backend is a tree that can be written
//   - entry: a file, a link or an Other, at one key
//   - file: an entry with content; an S3 object that is no link
//   - link: an entry with a target; a symbolic link, or a redirecting object
//   - target: the key or URL that a link names
//   - link page: the content of the object that stands for a link in S3
//   - Other: an entry that cannot be copied, such as a device or a link out of the tree
//   - source, destination: the tree that is read, and the one that is made equal
//   - token: a version of an entry, from a listing; an ETag, or inode and times
//   - plan: all actions of a run, made before its first write
//   - action: one key, its work, and the reason
//   - keep: the action for an entry that stays as it is
//   - put: the action that stores an entry; also the backend's method
//   - refusal: an action for an entry that the destination cannot hold
//   - conflict: an action for entries that exclude each other; both stay
//   - in the way: said of a destination's entry that a put has to delete first
//   - replacement: a put, and the deletes of the entries in its way
//   - hold: said of a tree that can store an entry ([Features])
//   - guard: a check that stops a run, or a write to a changed entry
//   - outcome: an action after it was carried out
//   - settled: said of an entry read so long after its last change that a later
//     change would show
//   - proof: equality shown by a token and the other side's content, not by a read
//   - fingerprint: a hash of the content that a token has
//   - page: one response of a listing; a website's is an HTML page
//   - part: of a multipart upload
//   - range: of the bytes in a GET, or of keys
//   - batch: deletes in one request
//   - shard: one of the key ranges of a divided run
//   - phase: the files, HTML pages, links or deletes of a run
//   - request: one HTTP request; an operation is one call of a method
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
//   - [PartedBody]: parts that are read and verified side by side
//   - [HeaderKeeper]: changes of headers without their content
//   - [Originator]: the entry behind a decorator's entry
//   - [DirRouter]: routing rules for links to directories
//   - [Buffers.GetAhead]: memory for reading ahead
package core
