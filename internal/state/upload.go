package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// version is that of a record's format.
const version = 1

// An Upload is a multipart upload that was begun, as a record of it has it.
type Upload struct {
	Version int       `json:"version"`
	Store   string    `json:"store"`  // which bucket, and where
	Key     string    `json:"key"`    // in the bucket
	ID      string    `json:"id"`     // the store's name for the upload
	Object  string    `json:"object"` // the object that it will make: equal for two uploads of the same content
	Sealed  bool      `json:"sealed,omitempty"`
	Begun   time.Time `json:"begun"`
	PID     int       `json:"pid"` // of the process that began it, for a person to read
}

// A Record is the record of an upload, locked by this process: no other takes it
// over. It is for one goroutine at a time.
type Record struct {
	Upload
	file *os.File
	path string
}

// Remove forgets the upload: it is complete, or aborted. A record removed already
// is no error.
func (r *Record) Remove() error {
	err := os.Remove(r.path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, r.Release())
}

// Release lets go of the record and leaves it to the next run.
func (r *Record) Release() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}

// maxRecord is the size in bytes above which a file is no record.
const maxRecord = 64 << 10

// errForeign says that a file is no record that this version reads.
var errForeign = errors.New("not a record of this version")

// claim opens the record at path and holds it, or returns nil if its process is
// alive.
func claim(path string) (*Record, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // some file systems lock only files that can be written
	if err != nil {
		return nil, err
	}
	if locked, err := tryLock(f); err != nil || !locked {
		_ = f.Close() // only read
		return nil, err
	}
	r := &Record{file: f, path: path}
	if err := r.read(); err != nil {
		_ = f.Close() // only read
		return nil, err
	}
	return r, nil
}

// read fills r in from its file, which must still be the one at its path:
// another run may have ended the upload a moment ago.
func (r *Record) read() error {
	here, err := r.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(r.path)
	if err != nil {
		return err
	}
	if !os.SameFile(here, there) {
		return os.ErrNotExist
	}
	b, err := io.ReadAll(io.LimitReader(r.file, maxRecord))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &r.Upload); err != nil {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	if r.Version != version || r.ID == "" || r.Key == "" {
		return errForeign
	}
	return nil
}
