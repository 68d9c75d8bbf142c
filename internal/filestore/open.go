package filestore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// An InUseError says that another process has the store open.
type InUseError struct {
	Dir string
	PID int // 0 if it is not known
}

// Error names the directory and the process.
func (e *InUseError) Error() string {
	s := "store " + e.Dir + " is in use by another process"
	if e.PID != 0 {
		s += fmt.Sprintf(" (pid %d)", e.PID)
	}
	return s
}

// A FormatError says that the store was written by another version.
type FormatError struct{ Dir, Format string }

// Error names the format and the one that would be understood.
func (e *FormatError) Error() string {
	return fmt.Sprintf("store %s has format %q, and this program reads format %s only", e.Dir, e.Format, format)
}

// lockTimeout is how long Open waits for another process.
const lockTimeout = time.Second

// A Store keeps buckets and objects in a directory. It implements
// [s3server.Store] and is safe for concurrent use. One process at a time can
// have a directory open.
type Store struct {
	dir   string
	db    *bolt.DB
	index *writer
	blobs *blobs
}

// Open opens the store in dir, which is made if it is missing. If another
// process has it open, the error is an [*InUseError].
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "blobs"), 0o700); err != nil {
		return nil, err
	}
	db, err := bolt.Open(filepath.Join(dir, "index.db"), 0o600, &bolt.Options{
		Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, &InUseError{Dir: dir, PID: readPID(dir)}
	}
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", dir, err)
	}
	s := &Store{dir: dir, db: db, blobs: newBlobs(filepath.Join(dir, "blobs"))}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.index = newWriter(db)
	return s, nil
}

// prepare checks the format, cleans up after a process that was killed, and
// says that this one is here.
func (s *Store) prepare() error {
	killed := false
	err := s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{metaBucket, bucketsBucket, uploadsBucket, partsBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(metaBucket)
		if have := meta.Get(formatKey); have != nil && string(have) != format {
			return &FormatError{Dir: s.dir, Format: string(have)}
		}
		killed = meta.Get(openKey) != nil
		return errors.Join(meta.Put(formatKey, []byte(format)), meta.Put(openKey, []byte{1}))
	})
	if err != nil {
		return err
	}
	if killed {
		if err := s.sweep(); err != nil {
			return err
		}
	}
	return os.WriteFile(pidFile(s.dir), strconv.AppendInt(nil, int64(os.Getpid()), 10), 0o600)
}

// sweep removes the blobs that nothing names.
func (s *Store) sweep() error {
	named := make(map[string]bool)
	err := s.db.View(func(tx *bolt.Tx) error {
		return forEachSegment(tx, func(seg segment) { named[seg.blob] = true })
	})
	if err != nil {
		return err
	}
	_, err = s.blobs.sweep(named)
	return err
}

// forEachSegment calls f for everything that the index names.
func forEachSegment(tx *bolt.Tx, f func(segment)) error {
	each := func(segments []segment, err error) error {
		for _, seg := range segments {
			f(seg)
		}
		return err
	}
	err := tx.Bucket(bucketsBucket).ForEach(func(name, _ []byte) error {
		return tx.Bucket(objectsOf(string(name))).ForEach(func(_, v []byte) error {
			o, err := decodeObject(v)
			return each(o.segments, err)
		})
	})
	if err != nil {
		return err
	}
	return tx.Bucket(partsBucket).ForEach(func(_, v []byte) error {
		p, err := decodePart(v)
		return each(p.segments, err)
	})
}

// Close waits for the change that is being made and closes the store. Readers
// of objects can go on.
func (s *Store) Close() error {
	s.index.close()
	err := s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Delete(openKey) })
	return errors.Join(err, os.Remove(pidFile(s.dir)), s.db.Close())
}

func pidFile(dir string) string { return filepath.Join(dir, "pid") }

// readPID returns the process that has the store open, 0 if that is not known.
func readPID(dir string) int {
	b, err := os.ReadFile(pidFile(dir))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
