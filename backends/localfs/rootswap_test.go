//go:build unix

package localfs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// The directory of a tree may become another thing during the run: it was
// unmounted, or a deployment moved a link. No listing passes the new thing off as
// the old one, and a run that wrote to the old one does not end as if all were well.
func TestARootThatBecomesAnotherThingIsAnError(t *testing.T) {
	swaps := map[string]func(base, dir string) error{
		"a file":            func(_, dir string) error { return os.WriteFile(dir, nil, 0o666) },
		"another directory": func(_, dir string) error { return os.Mkdir(dir, 0o777) },
		"a link elsewhere":  func(_, dir string) error { return os.Symlink("other", dir) },
		"a dangling link":   func(_, dir string) error { return os.Symlink("none", dir) },
		"nothing":           func(_, _ string) error { return nil },
	}
	for name, swap := range swaps {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			dir := filepath.Join(base, "tree")
			write(t, base, "tree/a", "tree/b/c", "tree/d", "other/x")
			tr := open(t, dir, Options{})
			n := 0
			var last error
			for _, err := range tr.List(t.Context(), "") {
				if n++; n == 1 {
					if err := errors.Join(os.Rename(dir, filepath.Join(base, "away")), swap(base, dir)); err != nil {
						t.Fatal(err)
					}
				}
				last = err
			}
			if _, one := core.ErrorKey(last); last == nil || one {
				t.Errorf("the listing ends with %v, want an error of the whole", last)
			}
			if _, err := tr.Finish(t.Context(), core.Done{}); err == nil {
				t.Error("Finish says nothing")
			}
		})
	}
}

// A link to the directory may be moved back and forth as long as it leads there.
func TestALinkToTheRootMayBeReplacedByAnotherToTheSame(t *testing.T) {
	base := t.TempDir()
	write(t, base, "releases/1/a", "current -> releases/1")
	link := filepath.Join(base, "current")
	tr := open(t, link, Options{})
	if err := errors.Join(os.Remove(link), os.Symlink(filepath.Join(base, "releases/1"), link)); err != nil {
		t.Fatal(err)
	}
	equal(t, "list", shown(t, tr), []string{"a"})
	finish(t, tr, true)
}
