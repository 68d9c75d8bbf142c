//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package kit

import (
	"errors"
	"os"
	"syscall"
)

// hostID tells machines apart, and on macOS also their starts; "" if that cannot
// be known.
func hostID() string {
	for _, name := range []string{"kern.bootsessionuuid", "kern.hostuuid"} {
		if id, err := syscall.Sysctl(name); err == nil && id != "" {
			host, _ := os.Hostname() // without it, the rest tells enough
			return id + "\n" + host
		}
	}
	return ""
}

// processStart knows whether process pid exists, and not when it was started.
func processStart(pid int) (digits string, state processState) {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return "", processNone
	}
	return "", processUnknown
}
