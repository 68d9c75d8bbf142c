//go:build unix

package localfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// TestALinkThatIsReplacedAfterItsStat checks that the entry is the file that took
// its place, and that a directory there is never left out of a listing.
func TestALinkThatIsReplacedAfterItsStat(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f", "l -> f", "m -> f")
	replace := map[string]func(p string) error{
		"l": func(p string) error { return os.WriteFile(p, []byte("content"), 0o600) },
		"m": func(p string) error { return os.Mkdir(p, 0o700) },
	}
	for key, place := range replace {
		d, name, info, err := tr.entries.locate(key)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.dirs.release(d)
		p := filepath.Join(dir, key)
		if err := errors.Join(os.Remove(p), place(p)); err != nil {
			t.Fatal(err)
		}
		e, err := tr.entries.at(d, name, &info)
		if key == "m" {
			isErr(t, "a directory in the place of a link", err, core.ErrChanged)
		} else if err != nil || e.Kind != core.File || e.Size != 7 {
			t.Errorf("a file in the place of a link: got %s of %d bytes, %v; want a file of 7", e.Kind, e.Size, err)
		}
	}
}
