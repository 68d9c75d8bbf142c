package kit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// hostID tells apart machines, their starts, and sets of process numbers, as
// each container has; "" if that cannot be known.
func hostID() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	pids, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	name, _ := os.Hostname() // without it, the rest tells enough
	return strings.Join([]string{string(boot), pids, name}, "\n")
}

// processStart returns four digits of when process pid was started.
func processStart(pid int) (digits string, state processState) {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return "", processNone
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", processUnknown
	}
	// The name, in parentheses, may have any characters; field 22 is the start.
	rest := string(stat[bytes.LastIndexByte(stat, ')')+1:])
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return "", processUnknown
	}
	if state := fields[0]; state == "Z" || state == "X" {
		return "", processNone // it has ended, and its parent has not asked yet
	}
	ticks, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return "", processUnknown
	}
	return fmt.Sprintf("%04x", ticks&0xffff), processSeen
}
