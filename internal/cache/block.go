package cache

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

const (
	// blockSize is how many bytes of records are read and checked at once; a
	// block is not longer than that and one record.
	blockSize = 32 << 10
	// maxRecord is the longest record in bytes, with its key, that is kept.
	maxRecord = 64 << 10
	// frame is the length of the header of a block: length and checksum.
	frame = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errDamaged reports a file in another form than this package writes.
var errDamaged = errors.New("the file is damaged")

// blockWriter encodes records, whose keys come in order, into one block. Each
// key is written without the prefix that it shares with the key before.
type blockWriter struct {
	buf   []byte
	last  []byte
	first string
	count int
}

// add appends a record.
func (w *blockWriter) add(key, value []byte) {
	if w.count == 0 {
		w.first = string(key)
	}
	shared := 0
	for shared < len(w.last) && shared < len(key) && w.last[shared] == key[shared] {
		shared++
	}
	w.buf = binary.AppendUvarint(w.buf, uint64(shared))
	w.buf = appendBytes(appendBytes(w.buf, key[shared:]), value)
	w.last = append(w.last[:shared], key[shared:]...)
	w.count++
}

func (w *blockWriter) reset() { w.buf, w.last, w.count = w.buf[:0], w.last[:0], 0 }

// framed appends the header of a block and the block to b.
func framed(b, block []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(block))) //nolint:gosec // See blockSize.
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(block, castagnoli))
	return append(b, block...)
}

// unframe returns the block in b, which is a header and its block.
func unframe(b []byte) ([]byte, error) {
	if len(b) < frame {
		return nil, errDamaged
	}
	block := b[frame:]
	if int64(len(block)) != int64(binary.LittleEndian.Uint32(b)) || crc32.Checksum(block, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, errDamaged
	}
	return block, nil
}

// blockReader reads the records of a block in their order.
type blockReader struct {
	d       decoder
	encoded // the current record
}

func newBlockReader(block, key []byte) blockReader {
	return blockReader{d: decoder{b: block}, encoded: encoded{key: key[:0]}}
}

// next goes to the next record; false at the end, or where the block is not
// one.
func (r *blockReader) next() bool {
	if len(r.d.b) == 0 || r.d.bad {
		return false
	}
	shared := r.d.uvarint()
	suffix := r.d.bytes()
	r.value = r.d.bytes()
	if shared > uint64(len(r.key)) {
		r.d.bad = true
	}
	if r.d.bad {
		return false
	}
	r.key = append(r.key[:shared], suffix...)
	return true
}
