package localfs

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

// CheckPut implements [core.Checker].
func (t *Tree) CheckPut(e core.Entry) error {
	if err := t.Features().CheckPut(e); err != nil {
		return err
	}
	for seg := range strings.SplitSeq(e.Key, "/") {
		if kit.IsTemp(seg) {
			return fmt.Errorf("%w: %s looks like a temporary file of s3fc", core.ErrUnsupportedKey, seg)
		}
		if runtime.GOOS == "windows" {
			if err := windowsName(seg); err != nil {
				return fmt.Errorf("%w: %w", core.ErrUnsupportedKey, err)
			}
		}
	}
	switch e.Kind {
	case core.File:
		return nil
	case core.Link:
		return checkText(e)
	}
	return fmt.Errorf("%w: it is neither a file nor a link", core.ErrUnsupportedKey)
}

// checkText returns an error if a symbolic link cannot have the text of the link
// e.
func checkText(e core.Entry) error {
	if e.Target.Key == e.Key {
		return fmt.Errorf("%w: it points to itself", core.ErrUnsupportedLink)
	}
	if n := len(core.Rel(e.Key, e.Target.Key)); n > maxPath {
		return fmt.Errorf("%w: its text would be %d bytes long, and %d is the longest here", core.ErrUnsupportedLink, n, maxPath)
	}
	return nil
}
