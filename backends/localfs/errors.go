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

// cause returns err without the name of the system call and the base name that
// package os adds: the key beside it says more.
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

// A parentError says that something on the way to a key is not a directory.
type parentError struct {
	key string
	is  string // as "a file"
}

func (e *parentError) Error() string {
	return fmt.Sprintf("%v: %s is %s, so nothing can be below it", core.ErrConflict, core.DisplayKey(e.key), e.is)
}

// Is makes every parentError a conflict; only writers see it.
func (e *parentError) Is(target error) bool { return target == core.ErrConflict }

// asNotExist turns the errors by which a system says that a path leads nowhere
// into fs.ErrNotExist.
func asNotExist(err error) error {
	var parent *parentError
	if errors.As(err, &parent) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		return fs.ErrNotExist
	}
	return err
}

// asUnsupported turns a system's refusal of a name, or of a link's text, into
// the error of core.
func asUnsupported(kind core.Kind, err error) error {
	switch {
	case errors.Is(err, syscall.ENAMETOOLONG) && kind == core.Link:
		return fmt.Errorf("%w: its text is longer than this file system allows", core.ErrUnsupportedLink)
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EILSEQ):
		return fmt.Errorf("%w: this file system does not allow the name (%w)", core.ErrUnsupportedKey, cause(err))
	}
	return err
}
