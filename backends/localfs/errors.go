package localfs

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// fail wraps err, if it is one, with the operation and the key.
func fail(op, key string, err error) error { return kit.Fail(op, schemeName, key, err) }

// asUnsupported turns a system's refusal of a name, or of a link's text, into
// the error of core.
func asUnsupported(kind core.Kind, err error) error {
	switch {
	case errors.Is(err, syscall.ENAMETOOLONG) && kind == core.Link:
		return fmt.Errorf("%w: its text is longer than this file system allows", core.ErrUnsupportedLink)
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EILSEQ):
		return fmt.Errorf("%w: this file system does not allow the name (%w)", core.ErrUnsupportedKey, kit.Cause(err))
	}
	return err
}
