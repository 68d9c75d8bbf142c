package localfs

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// windowsBase reports whether name is one base name on Windows: no device, no
// drive, and no path of two segments.
func windowsBase(name string) bool {
	_, err := filepath.Localize(name)
	return err == nil && windowsName(name) == nil
}

// windowsName returns the reason why a file cannot be called name on Windows,
// or nil.
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
