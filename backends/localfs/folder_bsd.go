//go:build (android || darwin || freebsd || netbsd || openbsd || dragonfly) && !portable

package localfs

import (
	"errors"
	"io/fs"
	"os"
)

// readBelow opens the file at a path below f in one step, where a system can.
func (f *folder) readBelow(string) (*handle, error) { return nil, errors.ErrUnsupported }

// renameNew is rename where nothing must be there, where a system can.
func (f *folder) renameNew(string, string) error { return errors.ErrUnsupported }

// names calls each for everything in f, in no order, with the kind that it has.
func (f *folder) names(each func(name string, kind fs.FileMode)) error {
	own, err := f.again()
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(own.fd), ".") // it is file's to close
	defer func() { _ = file.Close() }()      // nothing was written
	return eachName(file, each)
}
