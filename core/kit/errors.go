package kit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/s3fc/s3fc/core"
)

// A ParentError says that something on the way to a key is not a directory. For a
// writer it is [core.ErrConflict]; for a reader nothing is at the key, which
// [AsNotExist] says.
type ParentError struct {
	Key  string // of that thing
	Kind string // as "a file"
}

// Error names the key and says that nothing can be below it.
func (e *ParentError) Error() string {
	return fmt.Sprintf("%v: %s is %s, so nothing can be below it", core.ErrConflict, core.DisplayKey(e.Key), e.Kind)
}

// Is reports whether target is [core.ErrConflict].
func (e *ParentError) Is(target error) bool { return target == core.ErrConflict }

// AsNotExist returns [fs.ErrNotExist] for the errors by which a file system says
// that a path leads nowhere: something on the way is not a directory, or a name is
// longer than any can be. It returns every other error as it is.
func AsNotExist(err error) error {
	var parent *ParentError
	if errors.As(err, &parent) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		return fs.ErrNotExist
	}
	return err
}

// Cause returns err without the name of the system call and the path that package
// os adds: a [core.Error] has the key.
func Cause(err error) error {
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

// Fail returns err, if it is one, as the error of an operation of a tree.
func Fail(op, tree, key string, err error) error {
	if err == nil {
		return nil
	}
	return &core.Error{Op: op, Tree: tree, Key: key, Err: Cause(err)}
}

// CheckOld returns nil if Put or Delete may go on where the caller saw old, nil for
// nothing, and now is there, nil for nothing. Else it is [core.ErrChanged], or
// [core.ErrConflict] where an Other is.
func CheckOld(old, now *core.Entry) error {
	switch {
	case now == nil && old == nil:
		return nil
	case now == nil:
		return fmt.Errorf("%w: it is gone", core.ErrChanged)
	case now.Kind == core.Other:
		return fmt.Errorf("%w: the entry there cannot be copied: %w", core.ErrConflict, now.Problem)
	case old == nil:
		return fmt.Errorf("%w: it is a %v by now", core.ErrChanged, now.Kind)
	case now.Kind != old.Kind || now.Token != old.Token:
		return fmt.Errorf("%w: it is not the %v that was seen", core.ErrChanged, old.Kind)
	}
	return nil
}
