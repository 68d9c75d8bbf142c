package cache

import (
	"bufio"
	"encoding/binary"
	"io"
)

// magic begins each file. Its last character is the version of the format: a
// file of another is left alone.
const magic = "s3fc-cache\x001"

// tail is the length of the end of each file: the offset and the length of its index,
// the number of records, and magic.
const tail = 8 + 8 + 8 + len(magic)

// writer writes a file, of records in order of key: the magic and the name of
// the tree, the blocks, an index of them, and the tail.
type writer struct {
	w     *bufio.Writer
	at    int64 // bytes so far
	block blockWriter
	index []byte
	count int64
	buf   []byte
	err   error
}

func newWriter(w io.Writer, name string) *writer {
	fw := &writer{w: bufio.NewWriterSize(w, 64<<10)}
	fw.write(appendString([]byte(magic), name))
	return fw
}

func (w *writer) write(b []byte) {
	n, err := w.w.Write(b)
	w.at += int64(n)
	if w.err == nil {
		w.err = err
	}
}

// add appends a record; its key is greater than all before.
func (w *writer) add(key, value []byte) {
	w.block.add(key, value)
	w.count++
	if len(w.block.buf) >= blockSize {
		w.flush()
	}
}

func (w *writer) flush() {
	if w.block.count == 0 {
		return
	}
	at := w.at
	w.buf = framed(w.buf[:0], w.block.buf)
	w.write(w.buf)
	w.index = appendString(w.index, w.block.first)
	for _, n := range []int64{at, w.at - at, int64(w.block.count)} {
		w.index = binary.AppendUvarint(w.index, uint64(n)) //nolint:gosec // None is negative.
	}
	w.block.reset()
}

// finish writes the index and the tail.
func (w *writer) finish() error {
	w.flush()
	at := w.at
	w.write(framed(nil, w.index))
	end := make([]byte, 0, tail)
	for _, n := range []int64{at, w.at - at, w.count} {
		end = binary.LittleEndian.AppendUint64(end, uint64(n)) //nolint:gosec // As in flush.
	}
	w.write(append(end, magic...))
	if w.err != nil {
		return w.err
	}
	return w.w.Flush()
}
