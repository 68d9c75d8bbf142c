package filestore

import (
	"crypto/md5" //nolint:gosec // S3's ETag.
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/johannesboyne/gofakes3"
)

// blobs are the files that hold contents. A blob that is being read stays,
// even if nothing names it any more, until the last reader is done.
type blobs struct {
	dir string

	// gate is held for reading from looking an object up to pinning its blobs,
	// so that whoever holds it for writing knows that every blob which some
	// reader is about to open is pinned.
	gate sync.RWMutex

	mu     sync.Mutex
	pins   map[string]int
	doomed map[string]bool
}

func newBlobs(dir string) *blobs {
	return &blobs{dir: dir, pins: make(map[string]int), doomed: make(map[string]bool)}
}

// path spreads the blobs over 32 directories: enough for a million files, and
// few enough that new ones lie close together on the disk.
func (b *blobs) path(name string) string { return filepath.Join(b.dir, name[:1], name) }

// buffers are for copying; os.File would allocate one for each content.
var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// write keeps a content of exactly size bytes, and returns it with its md5. An
// empty content is no blob.
func (b *blobs) write(r io.Reader, size int64) (segments []segment, sum [md5.Size]byte, err error) {
	if size == 0 {
		sum, err = b.copy(io.Discard, r, 0)
		return nil, sum, err
	}
	name := rand.Text()
	f, err := b.create(name)
	if err != nil {
		return nil, sum, err
	}
	sum, err = b.copy(f, r, size)
	if cerr := f.Close(); err == nil { // gofakes3 knows its errors only as they are
		err = cerr
	}
	if err != nil {
		b.remove(name)
		return nil, sum, err
	}
	return []segment{{name, size}}, sum, nil
}

// create makes the directory only when it is missing.
func (b *blobs) create(name string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := os.OpenFile(b.path(name), flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o700); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(b.path(name), flags, 0o600)
	}
	return f, err
}

// copy copies exactly size bytes. The md5 is the reader's own if it has one.
func (b *blobs) copy(w io.Writer, r io.Reader, size int64) (sum [md5.Size]byte, err error) {
	known, ok := r.(interface{ MD5() [md5.Size]byte })
	hash := md5.New() //nolint:gosec // S3's ETag.
	if !ok {
		w = io.MultiWriter(w, hash)
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, *buf)
	if err == nil && n != size {
		err = gofakes3.ErrorMessagef(gofakes3.ErrIncompleteBody, "The body has %d bytes, and %d were announced", n, size)
	}
	if ok {
		return known.MD5(), err
	}
	return [md5.Size]byte(hash.Sum(nil)), err
}

// remove removes a blob. One that cannot be removed now is swept when the
// store is opened next, if at all: it is only space.
func (b *blobs) remove(name string) { _ = os.Remove(b.path(name)) }

// pin keeps blobs for a reader. The gate is held for reading.
func (b *blobs) pin(segments []segment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range segments {
		b.pins[s.blob]++
	}
}

// unpin is the end of pin.
func (b *blobs) unpin(segments []segment) {
	var gone []string
	b.mu.Lock()
	for _, s := range segments {
		if b.pins[s.blob]--; b.pins[s.blob] > 0 {
			continue
		}
		delete(b.pins, s.blob)
		if b.doomed[s.blob] {
			delete(b.doomed, s.blob)
			gone = append(gone, s.blob)
		}
	}
	b.mu.Unlock()
	for _, name := range gone {
		b.remove(name)
	}
}

// release removes blobs that the index no longer names: now, or when their
// last reader is done.
func (b *blobs) release(segments []segment) {
	if len(segments) == 0 {
		return
	}
	var gone []string
	b.gate.Lock()
	b.mu.Lock()
	for _, s := range segments {
		if b.pins[s.blob] > 0 {
			b.doomed[s.blob] = true
			continue
		}
		gone = append(gone, s.blob)
	}
	b.mu.Unlock()
	b.gate.Unlock()
	for _, name := range gone {
		b.remove(name)
	}
}

// sweep removes every blob that is not in named, and returns how many.
func (b *blobs) sweep(named map[string]bool) (int, error) {
	n := 0
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || named[d.Name()] {
			return err
		}
		n++
		return os.Remove(path)
	})
	if err != nil {
		return n, fmt.Errorf("sweeping: %w", err)
	}
	return n, nil
}
