//go:build (linux && (android || portable)) || openbsd || dragonfly

package localfs

import (
	"io/fs"
	"syscall"
)

// inode returns the inode and the change time in nanoseconds.
func inode(info fs.FileInfo) (ino uint64, ctime int64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(st.Ino), st.Ctim.Nano() //nolint:unconvert // Its type differs between systems.
}
