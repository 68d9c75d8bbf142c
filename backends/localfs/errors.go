package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/s3fc/s3fc/core"
)

// fail wraps err, if it is one, with the operation and the key.
func fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &core.Error{Op: op, Tree: schemeName, Key: key, Err: cause(err)}
}

// cause returns err without the system call and the base name that package os
// puts before it: the key beside it says more.
func cause(err error) error {
	switch e := err.(type) { //nolint:errorlint // Only the outermost layer is taken off.
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	case *os.SyscallError:
		return e.Err
	}
	return err
}

// A wayError says that something on the way to a key is not a real directory.
type wayError struct {
	key  string
	what string // as "a file"
}

func (e *wayError) Error() string {
	return fmt.Sprintf("%v: %s is %s, so nothing can be below it", core.ErrConflict, core.DisplayKey(e.key), e.what)
}

// Is makes every wayError a conflict: it is only ever seen by a writer.
func (e *wayError) Is(target error) bool { return target == core.ErrConflict }

// absent returns the error of one who looks for a key: that something on the
// way is not a directory means that the key is not there.
func absent(err error) error {
	var way *wayError
	if errors.As(err, &way) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		return fs.ErrNotExist
	}
	return err
}

// refused makes of a system's refusal to hold a name or a link's text the
// error that core knows.
func refused(kind core.Kind, err error) error {
	switch {
	case errors.Is(err, syscall.ENAMETOOLONG) && kind == core.Link:
		return fmt.Errorf("%w: its text is longer than this file system holds", core.ErrUnsupportedLink)
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EILSEQ):
		return fmt.Errorf("%w: this file system cannot hold the name (%w)", core.ErrUnsupportedKey, cause(err))
	}
	return err
}
