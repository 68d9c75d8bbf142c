// Package memory is a tree in memory: the reference backend, the shortest one
// that holds everything, and the double in every test.
//
// # URL
//
// mem://name is the tree of that name, which lives as long as the process;
// mem://name/dir is its entries below dir. There are no query parameters.
//
// # Links
//
// All are stored as given: to keys, dangling or not, and to URLs, with the kind of
// the target.
//
// # Metadata
//
// md5 and modification time are kept for every file, the time to the
// nanosecond.
//
// # Limits
//
// None but the memory: contents are in memory whole, and so is the body of each Put
// while it is read. For tests, [NewWith] makes trees that lack features as real
// stores do, and [NewOpaque] one whose listings tell as little as S3's.
package memory
