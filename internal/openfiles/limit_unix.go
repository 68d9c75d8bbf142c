//go:build unix

package openfiles

import (
	"math"
	"os"
	"sync"
	"syscall"
)

// Limit returns how many files this process may have open, 0 if there is no
// limit. The Go runtime has raised it as far as the system allows.
var Limit = sync.OnceValue(func() int {
	_ = os.Stdin // package os raises the limit
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil || uint64(r.Cur) > math.MaxInt32 {
		return 0
	}
	return int(r.Cur)
})
