// Package openfiles fits the work of a run to the number of files that the
// process may have open, sockets included.
package openfiles

import (
	"sync"
	"time"
)

const (
	reserved = 32 // for standard streams, caches, name resolution and listings
	perJob   = 2  // a file on each side, or a file and a socket
	minIdle  = 4
	maxIdle  = 64
)

// Prepare makes the Go runtime open the files that it needs itself, as for its
// timers: later, it would end the program if there were no free descriptor.
var Prepare = sync.OnceFunc(func() { time.NewTimer(time.Hour).Stop() })

// Jobs returns n, or as many operations as may run at once within the limit if
// that is less; at least 1.
func Jobs(n int) int { return fit(n, Limit()) }

func fit(n, limit int) int {
	if limit == 0 {
		return n
	}
	return max(1, min(n, (limit-reserved-idle(limit))/perJob))
}

// IdleDirs returns how many directories of a tree may stay open unused.
func IdleDirs() int { return idle(Limit()) }

func idle(limit int) int {
	if limit == 0 {
		return maxIdle
	}
	return max(minIdle, min(maxIdle, limit/16))
}
