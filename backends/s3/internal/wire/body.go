package wire

import (
	"errors"
	"io"
	"sync"
)

// lentBody is a body that is taken back when its request is over: a goroutine of
// net/http may still read it then, and its memory is used again.
type lentBody struct {
	mu sync.Mutex
	r  io.Reader // nil: taken back
}

// Read implements [io.Reader].
func (b *lentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.r == nil {
		return 0, errTakenBack
	}
	return b.r.Read(p)
}

var errTakenBack = errors.New("the request is over")

// Close implements [io.Closer].
func (b *lentBody) Close() error {
	b.takeBack()
	return nil
}

func (b *lentBody) takeBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.r = nil
}
