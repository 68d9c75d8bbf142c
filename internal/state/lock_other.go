//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package state

import (
	"errors"
	"os"
)

// tryLock cannot tell here whether the process of a record is alive, so there are
// no records.
func tryLock(*os.File) (locked bool, err error) { return false, errors.ErrUnsupported }
