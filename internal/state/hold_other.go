//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package state

import (
	"errors"
	"os"
)

// hold cannot tell here whether the process of a record is alive, so there are
// no records.
func hold(*os.File) (held bool, err error) { return false, errors.ErrUnsupported }
