// Package cache remembers what was found out about a tree's entries at a price,
// the md5 of a local file, what HEAD said of an object, so that the next listing
// tells it for nothing.
//
// [Over] puts a memory around a tree. It is only ever a saving: everything works
// without it, and it is never the reason for an error. What it holds of an entry
// counts only for the version (token, size, time of change) that it was found
// out about, and only if that version was settled then ([core.Entry].Settled):
// git's rule for racily clean files.
//
// # Files
//
// A tree has one file, sorted by key, in blocks with a checksum each. A listing
// comes in key order too, so the two are merged: the file is read once, from its
// beginning to its end, and memory does not grow with it. What a run finds out is
// collected, in sorted temporary files if it is much, and merged into a new file
// when the tree is closed, which takes the old one's place in one step. Several
// processes need no lock: the last one to finish wins, and what the others found
// out is found out again.
package cache
