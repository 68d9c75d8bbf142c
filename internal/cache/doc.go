// Package cache remembers facts about a tree's entries that cost a read or a
// request, such as the md5 of a local file or the answer to a HEAD, so that the next
// listing has them for nothing.
//
// [Over] puts a cache around a tree. It is only ever a saving: everything works
// without it, and it is never the reason for an error. A record counts only for the
// version of the entry (token, size, time of change) that it was made of, and only if
// that version had settled by then ([core.Entry].Settled): git's rule for racily clean
// files.
//
// # Files
//
// A tree has one file, sorted by key, in blocks with a checksum each. A listing
// comes in key order too, so the two are merged: the file is read once, from its
// beginning to its end, and memory does not grow with it. New records are collected,
// in sorted temporary files if there are many, and merged into a new file when the
// tree is closed, which replaces the old one in one step. Several processes need no
// lock: the last one to finish wins, and the records of the others are made again.
package cache
