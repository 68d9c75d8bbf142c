package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3fc/s3fc/core"
)

const (
	// freshBound is about how many bytes of new records stay in memory.
	freshBound = 8 << 20
	// freshCost is the memory of a record beside its bytes.
	freshCost = 128
	// sameRuns is how many sorted temporary files of about one size there may be
	// before they are merged.
	sameRuns = 16
)

// A Store has the records of one tree: the file as it was when it was opened, and the
// records made since. It is safe for concurrent use.
type Store struct {
	dir, name string
	log       *slog.Logger
	bound     int // see freshBound

	mu       sync.Mutex
	off      bool     // nothing is recorded any more
	file     *os.File // nil if there is none
	old      *reader
	point    *cursor // for single questions
	seen     bitset  // records of old that a listing has used
	complete bool    // a listing went over the whole tree
	fresh    map[string][]byte
	size     int  // of fresh, in bytes
	forgot   bool // a record of the file was forgotten
	runs     []*run
	finds    atomic.Int64 // how many records were made
}

// Open opens the records in dir of the tree called name. A file that cannot be used
// counts as absent, and is logged.
func Open(dir, name string, log *slog.Logger) *Store {
	s := &Store{dir: dir, name: name, log: log, bound: freshBound, fresh: make(map[string][]byte)}
	err := s.open()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.say("the cache file is not used", err)
		s.off = errors.Is(err, errNewer)
	}
	return s
}

func (s *Store) say(event string, err error) {
	s.log.DebugContext(context.Background(), "cache: "+event, "tree", s.name, "error", err)
}

func (s *Store) path() string { return filepath.Join(s.dir, fileName(s.name)) }

func (s *Store) open() error {
	f, err := os.Open(s.path())
	if err != nil {
		return err
	}
	r, err := readFile(f)
	if err == nil && r.name != s.name {
		err = fmt.Errorf("the file is of another tree, %s", r.name)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s.file, s.old, s.point, s.seen = f, r, r.cursor(), newBitset(r.count)
	return nil
}

func readFile(f *os.File) (*reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return newReader(f, info.Size())
}

// recall fills r with the record of this version of the entry at key, if there is
// one.
func (s *Store) recall(key string, v version, r *record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.fresh[key]; ok {
		return r.decodeAs(b, v)
	}
	return s.point != nil && !s.outdated() && s.point.seek(key) && r.decodeAs(s.point.r.value, v)
}

// remember keeps r for key, with the mark that is known of this size and token.
func (s *Store) remember(key string, r *record) {
	var known record
	if r.mark == "" && r.kind == core.File && s.recall(key, r.version, &known) {
		r.mark = known.mark
	}
	b := r.append(make([]byte, 0, 96))
	if len(b)+len(key) > maxRecord || !r.makesSense() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.off {
		return
	}
	s.size += len(key) + len(b) + freshCost
	s.fresh[key] = b
	s.finds.Add(1)
	if s.size > s.bound {
		if err := s.spill(); err != nil {
			s.say("no more is remembered", err)
			s.off = true
		}
	}
}

// forgotten is a record of no version, in the place of one that is wrong.
var forgotten = &record{version: version{size: -1}, kind: core.File}

// forget drops the record of this version of e, unless it is of a content with the md5
// or the parts of e. A store that tells versions apart by size and time has the same
// version for another content of the same size and time.
func (s *Store) forget(e *core.Entry) {
	var r record
	if s.recall(e.Key, versionOf(e), &r) && !r.hasContentOf(e) {
		s.remember(e.Key, forgotten)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.forgot = true
	}
}

// outdated reports whether the file has records that were forgotten since, and that
// fresh no longer says so. The caller holds the lock.
func (s *Store) outdated() bool { return s.forgot && len(s.runs) > 0 }

// scan is the use that one listing makes of a Store. It is not safe for
// concurrent use.
type scan struct {
	s    *Store
	c    *cursor // nil if there is nothing old
	seen bitset  // the old records that it used
}

func (s *Store) scan() *scan {
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := &scan{s: s}
	if s.old != nil && !s.outdated() {
		sc.c, sc.seen = s.old.cursor(), newBitset(s.old.count)
	}
	return sc
}

// recall is Store.recall for keys that come in order.
func (sc *scan) recall(key string, v version, r *record) bool {
	known := sc.c != nil && sc.c.seek(key) && r.decodeAs(sc.c.r.value, v)
	if known {
		sc.seen.set(sc.c.at)
	}
	if b := sc.s.found(key); b != nil {
		return r.decodeAs(b, v)
	}
	return known
}

// found returns the new record of key, or nil.
func (s *Store) found(key string) []byte {
	if s.finds.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fresh[key]
}

// end says that a listing is over; whole, that it left nothing out.
func (sc *scan) end(whole bool) {
	sc.s.mu.Lock()
	defer sc.s.mu.Unlock()
	sc.s.seen.add(sc.seen)
	sc.s.complete = sc.s.complete || whole
	if sc.c != nil && sc.c.err != nil {
		sc.s.say("the rest of the cache file is not used", sc.c.err)
	}
}

// Close writes the new records, if there are any, to the tree's file. The
// Store is not to be used after.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.save(); err != nil {
		s.say("the new records are not stored", err)
	}
	s.closeFile()
	for _, r := range s.runs {
		r.close()
	}
	s.off, s.runs = true, nil
}

func (s *Store) closeFile() {
	if s.file != nil {
		_ = s.file.Close() // it was only read
		s.file, s.old, s.point = nil, nil, nil
	}
}

func (s *Store) save() error {
	switch {
	case s.off:
		return nil
	case len(s.fresh)+len(s.runs) == 0 && !s.stale():
		return s.touch()
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	sweep(s.dir)
	temp, err := s.writeTemp()
	if err != nil {
		return err
	}
	s.closeFile()
	if err := os.Rename(temp, s.path()); err != nil {
		_ = os.Remove(temp) // a sweep removes it in time
		return err
	}
	return nil
}

// stale reports whether much of the file is of no use any more.
func (s *Store) stale() bool {
	if s.old == nil || !s.complete {
		return false
	}
	return s.old.count-s.seen.count > 100+s.old.count/4
}

// touch says that the file is in use, once a day.
func (s *Store) touch() error {
	if s.file == nil {
		return nil
	}
	info, err := s.file.Stat()
	if err != nil || time.Since(info.ModTime()) < 24*time.Hour {
		return err
	}
	return os.Chtimes(s.path(), time.Time{}, time.Now())
}

// writeTemp writes the new file under a temporary name.
func (s *Store) writeTemp() (name string, err error) {
	f, err := os.CreateTemp(s.dir, tempPattern)
	if err != nil {
		return "", err
	}
	err = errors.Join(s.writeAll(f), f.Close())
	if err != nil {
		_ = os.Remove(f.Name()) // a sweep removes it in time
	}
	return f.Name(), err
}

func (s *Store) writeAll(w io.Writer) error {
	var sources []source
	if s.old != nil {
		sources = append(sources, filtered{s.old.cursor(), func(at int64) bool { return !s.complete || s.seen.has(at) }})
	}
	for _, r := range s.runs {
		sources = append(sources, r.reader.cursor())
	}
	fw := newWriter(w, s.name)
	merge(append(sources, newInMemory(s.fresh)), fw.add)
	return fw.finish()
}
