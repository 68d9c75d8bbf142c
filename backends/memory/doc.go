// Package memory is a tree in memory: the reference backend, the shortest one
// that holds everything, and the double in every test.
//
// # URL
//
// mem://name is the tree of that name, which lives as long as the process;
// mem://name/dir is what lies below dir in it. There are no query parameters.
//
// # Links
//
// All are held as they are: to keys, dangling or not, and to URLs, with what
// is known of the target.
//
// # Metadata
//
// md5 and modification time are kept for every file, the time to the
// nanosecond.
//
// # Limits
//
// None but the memory: contents are held whole, and so is the body of each
// Put while it is read. [NewWith] makes trees that lack what a real store may
// lack, and [NewOpaque] one that tells as little in a listing as S3 does, for
// tests of what is built on them.
package memory
