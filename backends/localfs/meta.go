package localfs

import (
	"io/fs"
	"strconv"
	"time"
)

// meta is what the system says of a file, as far as it counts here.
type meta struct {
	mode  fs.FileMode
	size  int64
	mtime time.Time
	ctime int64 // in nanoseconds from 1970; 0 where there is no change time
	ino   uint64
	dev   device
}

// token is the version of a file as far as the system tells: inode, size,
// modification and change time.
func (m *meta) token() string {
	b := strconv.AppendUint(make([]byte, 0, 64), m.ino, 36)
	for _, n := range [...]int64{m.size, m.mtime.UnixNano(), m.ctime} {
		b = strconv.AppendInt(append(b, '.'), n, 36)
	}
	return string(b)
}

// unchanged reports whether the file has the version that it had as o.
func (m *meta) unchanged(o *meta) bool {
	return m.ino == o.ino && m.size == o.size && m.mtime.Equal(o.mtime) && m.ctime == o.ctime
}

// lastChange is the later of modification and change time: the first may be
// that of the content's source.
func (m *meta) lastChange() time.Time {
	if c := time.Unix(0, m.ctime); c.After(m.mtime) {
		return c
	}
	return m.mtime
}
