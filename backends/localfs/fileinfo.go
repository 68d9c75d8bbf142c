package localfs

import (
	"io/fs"
	"strconv"
	"time"
)

// fileInfo is the part of a file's state that this package uses.
type fileInfo struct {
	mode  fs.FileMode
	size  int64
	mtime time.Time
	ctime int64 // in nanoseconds from 1970; 0 where there is no change time
	ino   uint64
	dev   device
}

// token returns the version of a file: inode, size, modification and change
// time, as far as the system has them.
func (m *fileInfo) token() string {
	b := strconv.AppendUint(make([]byte, 0, 64), m.ino, 36)
	for _, n := range [...]int64{m.size, m.mtime.UnixNano(), m.ctime} {
		b = strconv.AppendInt(append(b, '.'), n, 36)
	}
	return string(b)
}

// unchanged reports whether m and o are of one version of one file.
func (m *fileInfo) unchanged(o *fileInfo) bool {
	return m.ino == o.ino && m.size == o.size && m.mtime.Equal(o.mtime) && m.ctime == o.ctime
}

// lastChange is the later of modification and change time: a program can set
// the first to any time.
func (m *fileInfo) lastChange() time.Time {
	if c := time.Unix(0, m.ctime); c.After(m.mtime) {
		return c
	}
	return m.mtime
}
