package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

// errNewer says that a file is of a later version of this program.
var errNewer = errors.New("the file is of a newer version of s3fc")

// maxName is the longest name of a tree in bytes.
const maxName = 16 << 10

// reader reads a file that writer wrote. It holds the index alone. It is safe
// for concurrent use.
type reader struct {
	r     io.ReaderAt
	name  string
	count int64
	index []blockInfo
}

// blockInfo says where a block is.
type blockInfo struct {
	first   string // key
	at, len int64
	before  int64 // records in the blocks before it
}

// newReader reads a file's frame, and checks that it is of this version.
func newReader(r io.ReaderAt, size int64) (*reader, error) {
	end := make([]byte, tail)
	if size < int64(tail) {
		return nil, errDamaged
	}
	if _, err := r.ReadAt(end, size-int64(tail)); err != nil {
		return nil, err
	}
	if err := checkMagic(end[tail-len(magic):]); err != nil {
		return nil, err
	}
	var at [3]int64
	for i := range at {
		at[i] = int64(binary.LittleEndian.Uint64(end[8*i:])) //nolint:gosec // What is negative is refused below.
	}
	f := &reader{r: r, count: at[2]}
	if at[0] < 0 || at[1] < frame || at[0] > size || at[0]+at[1] != size-int64(tail) {
		return nil, errDamaged
	}
	if err := f.readName(at[0]); err != nil {
		return nil, err
	}
	return f, f.readIndex(at[0], at[1])
}

// checkMagic tells a damaged file from one of a newer version.
func checkMagic(b []byte) error {
	same := string(b) == magic
	if !same && len(b) == len(magic) && string(b[:len(b)-1]) == magic[:len(magic)-1] && b[len(b)-1] > magic[len(magic)-1] {
		return errNewer
	}
	if !same {
		return errDamaged
	}
	return nil
}

// readName reads the name of the tree, which ends before the byte end.
func (f *reader) readName(end int64) error {
	head := make([]byte, min(end, int64(len(magic))+binary.MaxVarintLen64+maxName))
	if _, err := f.r.ReadAt(head, 0); err != nil {
		return err
	}
	if len(head) < len(magic) || string(head[:len(magic)]) != magic {
		return errDamaged
	}
	d := decoder{b: head[len(magic):]}
	if f.name = string(d.bytes()); d.bad || len(f.name) > maxName {
		return errDamaged
	}
	return nil
}

func (f *reader) readIndex(at, n int64) error {
	b := make([]byte, n)
	if _, err := f.r.ReadAt(b, at); err != nil {
		return err
	}
	b, err := unframe(b)
	if err != nil {
		return err
	}
	var before int64
	for d := (decoder{b: b}); len(d.b) > 0; {
		first := string(d.bytes())
		info := blockInfo{first, int64(d.uvarint()), int64(d.uvarint()), before} //nolint:gosec // What is negative is refused.
		count := int64(d.uvarint())                                              //nolint:gosec // As above.
		if d.bad || info.at < 0 || info.at > at || info.len < frame || info.len > blockSize+maxRecord+2*frame || info.at+info.len > at || count <= 0 || count > info.len {
			return errDamaged
		}
		f.index = append(f.index, info)
		before += count
	}
	if before != f.count {
		return errDamaged
	}
	return nil
}

// blockOf is the number of the block that may have key, or -1.
func (f *reader) blockOf(key string) int {
	return sort.Search(len(f.index), func(i int) bool { return f.index[i].first > key }) - 1
}

// A cursor goes through the records of a file. It is not safe for concurrent
// use.
type cursor struct {
	f      *reader
	buf    []byte
	block  int // that is being read
	r      blockReader
	live   bool   // r is at a record
	at     int64  // number of that record in the file, from 0
	sought string // last
	err    error  // of the file, which has no more records then
}

func (f *reader) cursor() *cursor { return &cursor{f: f, block: -1} }

// load goes before the first record of block i.
func (c *cursor) load(i int) bool {
	c.block, c.live = min(i, len(c.f.index)), false
	if i >= len(c.f.index) || c.err != nil {
		return false
	}
	info := c.f.index[i]
	if int64(cap(c.buf)) < info.len {
		c.buf = make([]byte, max(info.len, blockSize+blockSize/8))
	}
	c.buf = c.buf[:info.len]
	_, err := c.f.r.ReadAt(c.buf, info.at)
	var block []byte
	if err == nil {
		block, err = unframe(c.buf)
	}
	if err != nil {
		c.err, c.r = fmt.Errorf("block %d: %w", i, err), blockReader{}
		return false
	}
	c.r = newBlockReader(block, c.r.key)
	c.at = info.before - 1
	return true
}

// step goes to the next record of the block.
func (c *cursor) step() bool {
	c.live = c.r.next()
	if c.r.d.bad {
		c.err = errDamaged
	}
	c.at++
	return c.live
}

// next goes to the next record of the file; false at its end, or with an error
// in err.
func (c *cursor) next() bool {
	for c.block < 0 || c.block == len(c.f.index) || !c.step() {
		if !c.load(c.block + 1) {
			return false
		}
	}
	return true
}

// seek goes to the record of key and reports whether there is one. It is fast
// for keys that come in order.
func (c *cursor) seek(key string) bool {
	if key < c.sought || !c.f.covers(c.block, key) {
		if i := c.f.blockOf(key); i < 0 || !c.load(i) {
			return false
		}
	}
	c.sought = key
	for !c.live || string(c.r.key) < key {
		if c.err != nil || !c.step() {
			return false
		}
	}
	return string(c.r.key) == key
}

// covers reports whether a record of key would be in block i.
func (f *reader) covers(i int, key string) bool {
	return i >= 0 && i < len(f.index) && f.index[i].first <= key && (i+1 == len(f.index) || key < f.index[i+1].first)
}
