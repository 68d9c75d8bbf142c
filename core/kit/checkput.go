package kit

import (
	"fmt"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// CheckPut is [core.Features].CheckPut for a store in which links are symbolic links:
// it also refuses temporary names, a link to itself, and a link whose text would be
// longer than MaxTarget.
func CheckPut(f core.Features, e core.Entry) error {
	if err := f.CheckPut(e); err != nil {
		return err
	}
	for seg := range strings.SplitSeq(e.Key, "/") {
		if IsTemp(seg) {
			return fmt.Errorf("%w: %s looks like a temporary file of s3fc", core.ErrUnsupportedKey, seg)
		}
	}
	if e.Kind != core.Link {
		return nil
	}
	if e.Target.Key == e.Key {
		return fmt.Errorf("%w: it points to itself", core.ErrUnsupportedLink)
	}
	if n := len(core.Rel(e.Key, e.Target.Key)); f.MaxTarget > 0 && n > f.MaxTarget {
		return fmt.Errorf("%w: its text would be %d bytes long, and %d is the longest here", core.ErrUnsupportedLink, n, f.MaxTarget)
	}
	return nil
}

// CheckDelete refuses the Delete of an Other, and of a key that no entry can have.
func CheckDelete(old core.Entry) error {
	if old.Kind == core.Other {
		return fmt.Errorf("%w: it cannot be copied, so it is never deleted", core.ErrConflict)
	}
	if err := core.CheckKey(old.Key); err != nil {
		return fmt.Errorf("%w: %w", core.ErrUnsupportedKey, err)
	}
	for seg := range strings.SplitSeq(old.Key, "/") {
		if IsTemp(seg) {
			return fmt.Errorf("%w: %s looks like a temporary file of s3fc", core.ErrUnsupportedKey, seg)
		}
	}
	return nil
}
