//go:build !linux || android || portable

package localfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// eachName calls each for everything in the directory, in no order.
func eachName(dir *os.File, each func(name string, kind fs.FileMode)) error {
	for {
		batch, err := dir.ReadDir(1024)
		for _, e := range batch {
			each(e.Name(), e.Type())
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
