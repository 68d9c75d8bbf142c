// Package fanout copies one stream to several writers at once, so that hashing and
// writing overlap.
package fanout

import (
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// chunkSize is how many bytes are read at once where reading and writing
	// overlap, and chunksAhead how many of such pieces there are.
	chunkSize   = 256 << 10
	chunksAhead = 4
)

// Copy reads body to its end and writes all of it to each of writers. Reading
// and every writer have a goroutine of their own, so that it takes as long as the
// slowest of them, where there are processors left; where there are not, because
// as many such copies are under way, it goes on in the caller's goroutine alone.
// Each writer gets all bytes in order, in one goroutine at a time, and none after
// Copy has returned. It takes 1 MiB of memory at the most.
//
// It returns how many bytes were read, and the error of body, if that is not io.EOF,
// or else the first of a writer. After an error the writers may have got
// different numbers of bytes.
func Copy(body io.Reader, writers ...io.Writer) (int64, error) {
	if pipelines.Add(1) > int64(runtime.GOMAXPROCS(0)) {
		pipelines.Add(-1)
		return CopySerial(body, writers...)
	}
	defer pipelines.Add(-1)
	p := newPipeline(writers)
	n, err := p.read(body)
	if werr := p.finish(); err == nil {
		err = werr
	}
	return n, err
}

// pipelines is how many copies are under way that have goroutines.
var pipelines atomic.Int64

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// CopySerial is [Copy] in the caller's goroutine alone, which is quicker for small
// bodies.
func CopySerial(body io.Reader, writers ...io.Writer) (int64, error) {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	return io.CopyBuffer(onlyWriter{io.MultiWriter(writers...)}, onlyReader{body}, *buf)
}

// onlyWriter hides that a MultiWriter could take strings.
type onlyWriter struct{ io.Writer }

// onlyReader hides that a body could write itself, in pieces of its choice.
type onlyReader struct{ io.Reader }

// chunk is a piece of a body on its way to all writers.
type chunk struct {
	buf  []byte
	n    int
	left atomic.Int32 // writers that still need it
}

var chunks = sync.Pool{New: func() any { return &chunk{buf: make([]byte, chunkSize)} }}

// pipeline carries chunks from one reader to several writers.
type pipeline struct {
	free   chan *chunk
	to     []chan *chunk
	wg     sync.WaitGroup
	failed atomic.Pointer[error] // the first of a writer
}

func newPipeline(writers []io.Writer) *pipeline {
	p := &pipeline{free: make(chan *chunk, chunksAhead)}
	for range chunksAhead {
		p.free <- chunks.Get().(*chunk)
	}
	for _, w := range writers {
		to := make(chan *chunk, chunksAhead)
		p.to = append(p.to, to)
		p.wg.Go(func() { p.write(w, to) })
	}
	return p
}

// read hands out body until it ends or a writer has failed.
func (p *pipeline) read(body io.Reader) (int64, error) {
	var total int64
	for p.failed.Load() == nil {
		c := <-p.free
		n, err := fill(body, c.buf)
		total += int64(n)
		p.hand(c, n)
		if err == io.EOF { //nolint:errorlint // Readers return it as it is.
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (p *pipeline) hand(c *chunk, n int) {
	if n == 0 || len(p.to) == 0 {
		p.free <- c
		return
	}
	c.n = n
	c.left.Store(int32(len(p.to))) //nolint:gosec // A handful.
	for _, to := range p.to {
		to <- c
	}
}

// fill reads until buf is full or r has an error.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}

// write gives all chunks to w, and after an error passes them on only.
func (p *pipeline) write(w io.Writer, from <-chan *chunk) {
	var err error
	for c := range from {
		if err == nil {
			if err = writeFull(w, c.buf[:c.n]); err != nil {
				p.failed.CompareAndSwap(nil, &err)
			}
		}
		if c.left.Add(-1) == 0 {
			p.free <- c
		}
	}
}

func writeFull(w io.Writer, b []byte) error {
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// finish waits for the writers and returns the first error of one.
func (p *pipeline) finish() error {
	for _, to := range p.to {
		close(to)
	}
	p.wg.Wait()
	close(p.free)
	for c := range p.free {
		chunks.Put(c)
	}
	if err := p.failed.Load(); err != nil {
		return *err
	}
	return nil
}
