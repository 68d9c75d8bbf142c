package localfs

import (
	"path"
	"runtime"
	"strings"

	"github.com/s3fc/s3fc/core/kit"
)

// plainPath reports whether key can be looked up at all: every segment is a base
// name on this system. The key of an Other may have bytes that no valid key has.
func plainPath(key string) bool {
	for seg := range strings.SplitSeq(key, "/") {
		if seg == "" || seg == "." || seg == ".." || strings.IndexByte(seg, 0) >= 0 {
			return false
		}
		if runtime.GOOS == "windows" && !windowsBase(seg) {
			return false
		}
	}
	return true
}

// split returns the directory of key, "." for the root, and its last segment.
func split(key string) (dir, name string) { return path.Dir(key), path.Base(key) }

// join is the inverse of split.
func join(dir, name string) string { return kit.Join(dir, name) }
