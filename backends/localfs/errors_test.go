//go:build unix

package localfs

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/core/kit"
)

func TestRefusalsOfTheSystemAreOurs(t *testing.T) {
	long := &fs.PathError{Op: "openat", Path: "x", Err: syscall.ENAMETOOLONG}
	isErr(t, "a long name", asUnsupported(core.File, long), core.ErrUnsupportedKey)
	isErr(t, "a long text", asUnsupported(core.Link, long), core.ErrUnsupportedLink)
	isErr(t, "bytes that are no text", asUnsupported(core.File, syscall.EILSEQ), core.ErrUnsupportedKey)
	isErr(t, "any other", asUnsupported(core.File, syscall.EIO), syscall.EIO)
}

func TestAKeyThatCannotExistIsAbsent(t *testing.T) {
	for _, err := range []error{&kit.ParentError{Key: "a", Kind: "a file"}, syscall.ENOTDIR, syscall.ENAMETOOLONG, fs.ErrNotExist} {
		isErr(t, err.Error(), kit.AsNotExist(err), fs.ErrNotExist)
	}
	if err := kit.AsNotExist(syscall.EIO); errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not an absence", err)
	}
}

func TestDescribe(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		0: "file", fs.ModeDir: "directory", fs.ModeSymlink: "link", fs.ModeNamedPipe: "pipe", fs.ModeSocket: "socket",
		fs.ModeDevice: "device", fs.ModeDevice | fs.ModeCharDevice: "device", fs.ModeIrregular: "special",
	} {
		if got := kit.DescribeType(mode); !strings.Contains(got, want) {
			t.Errorf("%v: got %q, want %s", mode, got, want)
		}
	}
}
