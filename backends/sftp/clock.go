package sftp

import (
	"sync/atomic"
	"time"

	pkgsftp "github.com/pkg/sftp"
)

const (
	// settleTime is how old the modification time of a file has to be, by the
	// server's clock, before every later change gets another one.
	settleTime = 3 * resolution
	// unknownClock is the same where that clock is not known: it may be wrong by that
	// much.
	unknownClock = time.Hour
)

// A clock is a server's, as far as it is known: from the time that a new file gets.
// It is safe for concurrent use.
type clock struct {
	known  atomic.Bool
	offset atomic.Int64 // of the server's clock from this one, in nanoseconds
}

// read compares the clocks by a file that was just made, once.
func (c *clock) read(f *pkgsftp.File) error {
	if c.known.Load() {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.offset.Store(int64(time.Until(info.ModTime())))
	c.known.Store(true)
	return nil
}

// settled reports whether every change from now on gives a file another
// modification time than m.
func (c *clock) settled(m time.Time) bool {
	if !c.known.Load() {
		return time.Since(m) > unknownClock
	}
	return time.Since(m)+time.Duration(c.offset.Load()) > settleTime
}
