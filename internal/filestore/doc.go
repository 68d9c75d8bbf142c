// Package filestore keeps S3 buckets and objects in a directory: contents in
// files, and an index in one bbolt database. It is a [s3server.Store].
//
// # On disk
//
//	index.db       the index
//	pid            the process that has the store open
//	blobs/X/NAME   contents, one file for each object or part of an upload
//
// A blob is written once, under a name that is never used again, and is
// content only from the moment that the index names it. An object that was
// uploaded in parts is the list of its parts' blobs; nothing is copied when an
// upload is completed. Memory is constant, whatever the size of an object.
//
// # Durability
//
// The index is the only truth, and every change of it is one transaction that
// is on the disk when the request is answered. Changes that arrive while one
// is being written are written together in the next, so many small writes at
// once do not pay for a sync each. Blobs are left to the operating system to
// write: a process may be killed at any instant and nothing is lost, and after
// a power failure the index is whole, but a content of the last half minute
// may be cut short. Reading it is then an error, never other bytes of another
// length. It is a store to try things out in, and this was chosen for speed.
//
// Blobs that no index names, left by a process that was killed, are removed
// when the store is opened next.
package filestore
