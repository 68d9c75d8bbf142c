//go:build linux || darwin || freebsd

package localfs

import "golang.org/x/sys/unix"

// freeSpace returns how many bytes this user may still write to the file system of dir.
func freeSpace(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil //nolint:unconvert // The types differ by system.
}
