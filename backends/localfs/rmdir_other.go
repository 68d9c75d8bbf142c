//go:build !unix

package localfs

import (
	"fmt"

	"github.com/s3fc/s3fc/core"
)

// nonblock is nothing where opening never waits.
const nonblock = 0

// rmdir removes the empty directory called name in d.
func (d *dir) rmdir(name string) error {
	info, err := d.lstat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: it is no directory any more", core.ErrChanged)
	}
	return d.root.Remove(name)
}
