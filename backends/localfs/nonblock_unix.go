//go:build unix && (portable || !(linux || darwin || freebsd || netbsd || openbsd || dragonfly))

package localfs

import "syscall"

// nonblock keeps the opening of a fifo from waiting for a writer.
const nonblock = syscall.O_NONBLOCK
