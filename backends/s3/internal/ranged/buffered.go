package ranged

import (
	"io"
	"sync"
)

// buffered is a range that is fetched into a buffer while those before it are
// read. It is filled from one goroutine and read from another.
type buffered struct {
	buf  []byte
	read int // used by the reader alone

	mu     sync.Mutex
	more   sync.Cond
	filled int
	err    error
}

func newBuffered(buf []byte) *buffered {
	b := &buffered{buf: buf}
	b.more.L = &b.mu
	return b
}

// fill fills the buffer from r, and closes r.
func (b *buffered) fill(r *rangeReader) {
	defer r.close()
	for at := 0; at < len(b.buf); {
		n, err := r.Read(b.buf[at:])
		at += n
		b.mu.Lock()
		b.filled, b.err = at, err
		b.more.Signal()
		b.mu.Unlock()
		if err != nil {
			return
		}
	}
	_ = r.end() // a range that goes on has all bytes that were asked for
}

// Read implements [io.Reader]; it waits for bytes that are not there yet.
func (b *buffered) Read(p []byte) (int, error) {
	if b.read == len(b.buf) {
		return 0, io.EOF
	}
	b.mu.Lock()
	for b.filled == b.read && b.err == nil {
		b.more.Wait()
	}
	filled, err := b.filled, b.err
	b.mu.Unlock()
	if filled == b.read {
		return 0, err
	}
	n := copy(p, b.buf[b.read:filled])
	b.read += n
	return n, nil
}
