package state

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Uploads are the records of the unfinished uploads to one bucket. A record is
// held, by a lock on its file, for as long as its process lives: the lock goes
// with the process, whatever ends it. It is safe for concurrent use, by several
// processes too.
type Uploads struct{ dir, store string }

// OpenUploads returns the records below dir of the uploads to the store of this
// name. It does not touch the disk.
func OpenUploads(dir, store string) *Uploads {
	sum := sha256.Sum256([]byte(store))
	return &Uploads{filepath.Join(dir, "uploads", hex.EncodeToString(sum[:12])), store}
}

const recordSuffix = ".json"

// Add records an upload, which is ours until the record is removed. The error
// says why there is no record; [errors.ErrUnsupported] that there are none on
// this system.
func (u *Uploads) Add(up Upload) (*Record, error) {
	up.Version, up.Store, up.PID, up.Begun = version, u.store, os.Getpid(), time.Now().UTC()
	text, err := json.Marshal(up)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(u.dir, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(u.dir, rand.Text())
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	r := &Record{Upload: up, file: f, path: name}
	if err := r.write(append(text, '\n')); err != nil {
		return nil, errors.Join(err, r.Remove())
	}
	return r, nil
}

// write holds the file, fills it, and only then gives it the name of a record.
func (r *Record) write(text []byte) error {
	locked, err := tryLock(r.file)
	switch {
	case err != nil:
		return err
	case !locked:
		return errors.New("another process holds a file that was made just now")
	}
	if _, err := r.file.Write(text); err != nil {
		return err
	}
	if err := os.Rename(r.path, r.path+recordSuffix); err != nil {
		return err
	}
	r.path += recordSuffix
	return nil
}

// litter is how old a file is, at the least, that was never made a record.
const litter = 24 * time.Hour

// Abandoned takes over the records whose process is gone. The caller removes or
// releases each. That there is no directory is no error.
func (u *Uploads) Abandoned() ([]*Record, error) {
	files, err := os.ReadDir(u.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var taken []*Record
	for _, f := range files {
		path := filepath.Join(u.dir, f.Name())
		if !strings.HasSuffix(path, recordSuffix) {
			removeLitter(path)
			continue
		}
		if r, err := claim(path); err == nil && r != nil {
			taken = append(taken, r)
		}
	}
	return taken, err
}

func removeLitter(path string) {
	info, err := os.Lstat(path)
	if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > litter {
		_ = os.Remove(path) // the next run tries again
	}
}
