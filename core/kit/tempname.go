package kit

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A temporary name is tempPrefix, the owner (8 digits of the host, 6 of the
// process, 4 of its start), 14 random digits, a tail, and tempSuffix. All digits
// are hexadecimal and in lower case.
const (
	tempPrefix  = ".s3fc-"
	tempSuffix  = ".tmp"
	tempDigits  = 32
	ownerDigits = 18
)

// StaleAfter is how long after its last change a temporary file is taken to be
// abandoned if it is not known whether its process still runs.
const StaleAfter = time.Hour

// TempName returns a new name for a temporary file, with tail before its suffix.
// No key has a segment of that form. It says which process made it, so that a
// later run can tell a file that a killed one left behind.
func TempName(tail string) string {
	return fmt.Sprintf("%s%s%014x%s%s", tempPrefix, self(), rand.Uint64()>>8, tail, tempSuffix)
}

// IsTemp reports whether name has the form of [TempName], in this version or an
// earlier one.
func IsTemp(name string) bool {
	rest, ok := strings.CutPrefix(name, tempPrefix)
	if !ok || len(rest) < tempDigits+len(tempSuffix) || !strings.HasSuffix(rest, tempSuffix) {
		return false
	}
	return strings.Trim(rest[:tempDigits], "0123456789abcdef") == ""
}

// TempAbandoned reports whether the temporary file of this name belongs to a run
// that has ended: its process was on this machine and is gone, or its last change
// is more than [StaleAfter] before now. It is false for other names.
func TempAbandoned(name string, lastChange, now time.Time) bool {
	if !IsTemp(name) {
		return false
	}
	owner := name[len(tempPrefix):][:ownerDigits]
	return ownerGone(owner) || lastChange.Before(now.Add(-StaleAfter))
}

// ownerGone reports whether the process that owner describes was on this machine,
// since it was started, and is gone.
func ownerGone(owner string) bool {
	host, process := owner[:8], owner[8:]
	if host != hostDigits(hostID()) || host == hostDigits("") {
		return false
	}
	pid, err := strconv.ParseUint(process[:6], 16, 32)
	if err != nil || pid == 0 {
		return false
	}
	switch start, state := processStart(int(pid)); state {
	case processNone:
		return true
	case processSeen:
		return process[6:] != start
	}
	return false
}

// self is the owner of this process's temporary files.
var self = sync.OnceValue(func() string {
	pid := os.Getpid()
	start, _ := processStart(pid)
	return fmt.Sprintf("%s%06x%s", hostDigits(hostID()), pid&0xffffff, cmp.Or(start, "0000"))
})

// hostDigits returns 8 digits for the host, zeros for "".
func hostDigits(id string) string {
	if id == "" {
		return "00000000"
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return fmt.Sprintf("%08x", cmp.Or(h.Sum32(), 1))
}

// A processState says how much is known of a process.
type processState uint8

const (
	processUnknown processState = iota // it may run
	processNone                        // there is none of this number
	processSeen                        // there is one, and it is known when it was started
)
