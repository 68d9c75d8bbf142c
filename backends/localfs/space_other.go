//go:build !linux && !darwin && !freebsd

package localfs

import "errors"

// freeSpace is not known on this system.
func freeSpace(string) (uint64, error) {
	return 0, errors.New("the free space is not asked for on this system")
}
