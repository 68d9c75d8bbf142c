//go:build !android && !portable

package localfs

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// dirent returns the kernel's record of a name.
func dirent(name string, kind byte) []byte {
	b := make([]byte, (direntName+len(name)+8)&^7)
	binary.NativeEndian.PutUint16(b[direntLen:], uint16(len(b)))
	b[direntType] = kind
	copy(b[direntName:], name)
	return b
}

// Some file systems tell names without kinds.
func TestAKindThatTheSystemDoesNotTellIsLookedUp(t *testing.T) {
	tr, dir := newTree(t)
	write(t, dir, "f", "d/", "l -> d", "bad\xff")
	var b []byte
	for _, name := range []string{".", "..", "f", "d", "gone", "l", "bad\xff"} {
		b = append(b, dirent(name, unix.DT_UNKNOWN)...)
	}
	var got []string
	if err := tr.dirs.root.dir.handle.dirents(b, func(name string, kind fs.FileMode) {
		got = append(got, fmt.Sprintf("%q %v", name, kind))
	}); err != nil {
		t.Fatal(err)
	}
	equal(t, "kinds", got, []string{`"f" ----------`, `"d" d---------`, `"l" L---------`, `"bad\xff" ----------`})
}

// A file system that is not to be trusted ends a listing with an error, not in
// the middle.
func TestADirectoryThatIsToldWrongIsAnError(t *testing.T) {
	tr, _ := newTree(t)
	for what, n := range map[string]uint16{"without length": 0, "without name": direntName, "longer than it is": 4096} {
		b := slices.Concat(dirent("f", unix.DT_REG), dirent(strings.Repeat("g", 9), unix.DT_REG))
		binary.NativeEndian.PutUint16(b[len(dirent("f", 0))+direntLen:], n)
		names := 0
		err := tr.dirs.root.dir.handle.dirents(b, func(string, fs.FileMode) { names++ })
		isErr(t, what, err, unix.EIO)
		if names != 1 {
			t.Errorf("%s: got %d names, want the one before it", what, names)
		}
	}
}
