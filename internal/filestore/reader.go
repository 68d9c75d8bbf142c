package filestore

import (
	"fmt"
	"io"
	"os"
)

// A reader reads a range of the blobs of an object, one open at a time. They
// are pinned until it is closed. It is for one goroutine.
type reader struct {
	blobs    *blobs
	pinned   []segment
	segments []segment // not read yet, the first one from skip on
	skip     int64     // bytes
	left     int64     // bytes of the range
	file     *os.File
	fileLeft int64
}

// newReader returns a reader of length bytes from start. The segments are
// pinned already.
func newReader(b *blobs, segments []segment, start, length int64) *reader {
	r := &reader{blobs: b, pinned: segments, segments: segments, skip: start, left: length}
	for len(r.segments) > 0 && r.skip >= r.segments[0].size {
		r.skip -= r.segments[0].size
		r.segments = r.segments[1:]
	}
	return r
}

// Read returns an error, not io.EOF, where a blob is shorter than it was
// written.
func (r *reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if r.fileLeft == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n, err := r.file.Read(p[:min(int64(len(p)), r.left, r.fileLeft)])
	r.left -= int64(n)
	r.fileLeft -= int64(n)
	if err == io.EOF { //nolint:errorlint // os.File returns io.EOF as it is.
		err = fmt.Errorf("%s is cut short: %w", r.file.Name(), io.ErrUnexpectedEOF)
	}
	return n, err
}

// next opens the next blob.
func (r *reader) next() error {
	if err := r.closeFile(); err != nil {
		return err
	}
	if len(r.segments) == 0 {
		return io.ErrUnexpectedEOF
	}
	s := r.segments[0]
	f, err := os.Open(r.blobs.path(s.blob))
	if err != nil {
		return err
	}
	r.file, r.fileLeft, r.segments = f, s.size-r.skip, r.segments[1:]
	if r.skip > 0 {
		_, err = f.Seek(r.skip, io.SeekStart)
		r.skip = 0
	}
	return err
}

func (r *reader) closeFile() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}

// Close lets go of the blobs. A second Close does nothing.
func (r *reader) Close() error {
	r.blobs.unpin(r.pinned)
	r.pinned, r.left = nil, 0
	return r.closeFile()
}
