//go:build unix

package localfs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/core/kit"
)

// A replaced file keeps the bits that say who may read, write and run it, under
// any umask. Those that would lend the run's own rights go.
func TestAReplacedFileKeepsItsPermissionsUnderAnyUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		for _, mode := range []uint32{0, 0o400, 0o444, 0o600, 0o666, 0o777, 0o4755, 0o2755, 0o1644} {
			t.Run(fmt.Sprintf("%o/%o", umask, mode), func(t *testing.T) {
				tr, dir := newTree(t)
				write(t, dir, "f")
				p := filepath.Join(dir, "f")
				if err := syscall.Chmod(p, mode); err != nil {
					t.Fatal(err)
				}
				defer syscall.Umask(syscall.Umask(umask))
				e := stat(t, tr, "f")
				e = putFile(t, tr, "f", "new", &e)
				big := strings.Repeat("x", kit.LargeFile+1)
				putFile(t, tr, "f", big, &e)
				info, err := os.Stat(p)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := info.Mode(), os.FileMode(mode)&os.ModePerm; got != want {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
	}
}
