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
	if err := kit.CheckPut(t.features, e); err != nil {
		return err
	}
	if runtime.GOOS != "windows" {
		return nil
	}
	for seg := range strings.SplitSeq(e.Key, "/") {
		if err := windowsName(seg); err != nil {
			return fmt.Errorf("%w: %w", core.ErrUnsupportedKey, err)
		}
	}
	return nil
}
