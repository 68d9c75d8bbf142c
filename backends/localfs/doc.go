// Package localfs is a tree in a directory of the local file system. Links are
// symbolic links.
//
// # URL
//
// file:///abs/dir, or a plain path on the command line. The one parameter is links:
// keep (the default) copies symbolic links as links, follow copies their targets,
// skip leaves them out and protects entries in their place on the other side. The
// root itself may be a symbolic link to a directory; it is followed once, when the
// tree is opened.
//
// # Links
//
// A link's target is found as the file system does: a directory link on the way is
// followed, ".." after one is physical, and from the first name that does not exist
// on the text decides. The last hop is kept, so that a chain of links stays one. A
// link that leaves the tree, leads into a ring, or names a URL is an Other with the
// reason. Directory links are never walked, and no write or delete ever passes
// through a link, not even one that stays inside: every operation is one on a base
// name in a directory that was opened as a real directory; on Linux also one that
// opens a file by its key, which the kernel refuses if a link is on the way.
//
// # Metadata
//
// A directory stores the modification time of a file and no other metadata; its md5
// is found by reading it. A new file gets the mode that the umask leaves of 0666, a
// replaced one keeps its permissions, but no other bits. The Token is made of
// inode, size, modification and change time, where the system tells them.
//
// A file is written beside its place under a temporary name, checked, and renamed,
// where nothing was in a way that refuses to replace anything, so that two writers
// cannot both create it. Between the last check of an entry and the call that
// replaces or deletes it, a few microseconds remain in which a change goes unseen.
// Temporary names, .s3fc-*.tmp, are never listed and cannot be keys. Finish removes
// those of a run that has ended: they say which process made them, so on the same
// machine that is known at once; else an hour after their last change.
//
// # Limits
//
// A segment has at most 255 bytes, a path with its root at most 4095, and so
// has the text of a link. Empty directories are not entries. Listing holds the
// names of one directory for each level below the root. Names that are not
// valid keys, and fifos, sockets and devices, are Others.
package localfs
