package localfs

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
)

// A temporary name is tempPrefix, 32 hexadecimal digits, and tempSuffix; the
// probe for folding puts a letter before the suffix.
const (
	tempPrefix = ".s3fc-"
	tempSuffix = ".tmp"
	tempDigits = 32
)

// tempName returns a new temporary name with tail before its suffix.
func tempName(tail string) string {
	var b [tempDigits / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	return tempPrefix + hex.EncodeToString(b[:]) + tail + tempSuffix
}

// isTemp reports whether name could have come from tempName.
func isTemp(name string) bool {
	rest, ok := strings.CutPrefix(name, tempPrefix)
	if !ok || len(rest) < tempDigits+len(tempSuffix) || !strings.HasSuffix(rest, tempSuffix) {
		return false
	}
	return strings.Trim(rest[:tempDigits], "0123456789abcdef") == ""
}

// nameProblem says why the thing called name cannot be carried, or nil.
func nameProblem(name string, isDir bool) error {
	if isDir && isTemp(name) {
		return errors.New("its name is one of s3fc's temporary files")
	}
	if err := core.CheckKey(name); err != nil {
		return fmt.Errorf("its name cannot be a key: %w", err)
	}
	return nil
}

// plainPath reports whether key can be looked up at all: a path below the root
// of which every segment is a base name on this system. The key of an Other may
// have bytes that no valid key has.
func plainPath(key string) bool {
	for seg := range strings.SplitSeq(key, "/") {
		if seg == "" || seg == "." || seg == ".." || strings.IndexByte(seg, 0) >= 0 {
			return false
		}
		if runtime.GOOS == "windows" && !windowsBase(seg) {
			return false
		}
	}
	return true
}

// windowsBase reports whether name stays one name on Windows, where it is not
// to be a device, a drive, or two segments.
func windowsBase(name string) bool {
	_, err := filepath.Localize(name)
	return err == nil && windowsName(name) == nil
}

// split returns the directory of key, "." for the root, and its last segment.
func split(key string) (dir, name string) { return path.Dir(key), path.Base(key) }

// join is the inverse of split.
func join(dir, name string) string {
	if dir == "." {
		return name
	}
	return dir + "/" + name
}

// segments returns the parts of a slash-separated path that are not empty.
func segments(p string) []string {
	return slices.DeleteFunc(strings.Split(p, "/"), func(s string) bool { return s == "" })
}

// CheckPut implements [core.Checker].
func (t *Tree) CheckPut(e core.Entry) error {
	if err := t.Features().CheckPut(e); err != nil {
		return err
	}
	for seg := range strings.SplitSeq(e.Key, "/") {
		if isTemp(seg) {
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

// checkText reports whether the link e has a text that a symbolic link can
// hold.
func checkText(e core.Entry) error {
	if e.Target.Key == e.Key {
		return fmt.Errorf("%w: it points to itself", core.ErrUnsupportedLink)
	}
	if n := len(core.Rel(e.Key, e.Target.Key)); n > maxPath {
		return fmt.Errorf("%w: its text would be %d bytes long, and %d is the longest here", core.ErrUnsupportedLink, n, maxPath)
	}
	return nil
}

// windowsName reports why a file cannot be called name on Windows.
func windowsName(name string) error {
	if i := strings.IndexAny(name, `<>:"\|?*`); i >= 0 {
		return fmt.Errorf("%q has a %q, which Windows does not allow in a name", name, name[i:i+1])
	}
	if strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return fmt.Errorf("%q ends with a dot or a space, which Windows drops", name)
	}
	stem, _, _ := strings.Cut(name, ".")
	if windowsDevice(strings.ToUpper(strings.TrimRight(stem, " "))) {
		return fmt.Errorf("%q is the name of a device on Windows", name)
	}
	return nil
}

var windowsDevices = []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}

// windowsDevice reports whether the upper-case stem names a device; COM and
// LPT take a digit, or one of three superscript digits.
func windowsDevice(stem string) bool {
	if slices.Contains(windowsDevices, stem) {
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && slices.Contains(strings.Split("0 1 2 3 4 5 6 7 8 9 ¹ ² ³", " "), port)
}
