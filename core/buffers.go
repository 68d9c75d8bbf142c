package core

import (
	"context"
	"sync"
)

// DefaultBuffers is the memory in bytes that bodies take unless told
// otherwise.
const DefaultBuffers = 32 << 20

// SmallFile is the size in bytes up to which a file is read once, whole, and
// sent from memory.
const SmallFile = 1 << 20

// Buffers is a budget of memory that all bodies in flight share, with the
// buffers themselves for reuse. It is safe for concurrent use. All nil *Buffers of
// a process share one budget of DefaultBuffers.
//
// A goroutine that has one buffer must not call Get for a second: all could wait
// for each other. Data fetched ahead of its reader is in buffers of
// [Buffers.GetAhead], which never blocks; Get does not wait for their return.
type Buffers struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	ahead   int64 // of used, lent by GetAhead
	waiting []*bufferWaiter
	free    map[int][][]byte // by power of two
	idle    int64            // bytes in free
}

type bufferWaiter struct {
	n     int64
	ready chan struct{}
}

// shared is the budget of nil *Buffers.
var shared = NewBuffers(DefaultBuffers)

// orShared returns b, or the shared budget for nil.
func (b *Buffers) orShared() *Buffers {
	if b == nil {
		return shared
	}
	return b
}

// NewBuffers returns a budget of limit bytes.
func NewBuffers(limit int64) *Buffers {
	return &Buffers{limit: limit, free: make(map[int][][]byte)}
}

// Get lends n bytes, waiting until they are there. More than the whole budget
// is lent when nothing else is, or only by GetAhead. The content is undefined.
// The caller gives the buffer back with Put.
func (b *Buffers) Get(ctx context.Context, n int) ([]byte, error) {
	b = b.orShared()
	size := bufferSize(n)
	if err := b.acquire(ctx, int64(size)); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer(n, size), nil
}

// GetAhead lends n bytes, or returns nil if that would take waiting. It never
// blocks, and never lends more than half of the budget, so that a reader of content
// fetched ahead finds memory for its own work. The caller gives the buffer back
// with PutAhead.
func (b *Buffers) GetAhead(n int) []byte {
	b = b.orShared()
	size := bufferSize(n)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) > 0 || b.used+int64(size) > b.limit || b.ahead+int64(size) > b.limit/2 {
		return nil
	}
	b.used += int64(size)
	b.ahead += int64(size)
	return b.buffer(n, size)
}

// buffer returns a buffer of n bytes that is accounted for with size.
func (b *Buffers) buffer(n, size int) []byte {
	if list := b.free[size]; len(list) > 0 {
		buf := list[len(list)-1]
		b.free[size] = list[:len(list)-1]
		b.idle -= int64(size)
		return buf[:n]
	}
	b.shrink()
	return make([]byte, n, size)
}

// Put takes back a buffer of Get.
func (b *Buffers) Put(buf []byte) { b.put(buf, 0) }

// PutAhead takes back a buffer of GetAhead.
func (b *Buffers) PutAhead(buf []byte) { b.put(buf, int64(cap(buf))) }

func (b *Buffers) put(buf []byte, ahead int64) {
	b = b.orShared()
	size := cap(buf)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= int64(size)
	b.ahead -= ahead
	if b.used+b.idle+int64(size) <= b.limit {
		b.free[size] = append(b.free[size], buf[:size])
		b.idle += int64(size)
	}
	b.wake()
}

func (b *Buffers) acquire(ctx context.Context, n int64) error {
	b.mu.Lock()
	if len(b.waiting) == 0 && b.lends(n) {
		b.used += n
		b.mu.Unlock()
		return nil
	}
	w := &bufferWaiter{n: n, ready: make(chan struct{})}
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		b.forget(w)
		return ctx.Err()
	}
}

// forget withdraws a waiter; if it was served meanwhile, its buffer goes back.
func (b *Buffers) forget(w *bufferWaiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, x := range b.waiting {
		if x == w {
			b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
			b.wake()
			return
		}
	}
	b.used -= w.n
	b.wake()
}

// lends reports whether n bytes can be lent now to who may wait for them.
func (b *Buffers) lends(n int64) bool { return b.used == b.ahead || b.used+n <= b.limit }

// wake serves waiters in their order, so that a large wish is not starved.
func (b *Buffers) wake() {
	for len(b.waiting) > 0 {
		w := b.waiting[0]
		if !b.lends(w.n) {
			return
		}
		b.used += w.n
		b.waiting = b.waiting[1:]
		close(w.ready)
	}
}

// shrink lets go of idle buffers of other sizes until the budget holds.
func (b *Buffers) shrink() {
	for size, list := range b.free {
		for len(list) > 0 && b.used+b.idle > b.limit {
			list = list[:len(list)-1]
			b.idle -= int64(size)
		}
		b.free[size] = list
		if b.used+b.idle <= b.limit {
			return
		}
	}
}

// bufferSize rounds n up to a power of two, 4 KiB at the least, so that
// buffers are reused.
func bufferSize(n int) int {
	size := 4 << 10
	for size < n {
		size <<= 1
	}
	return size
}
