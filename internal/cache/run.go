package cache

import "os"

// A run is a sorted temporary file of new records. It has no name any more where the
// system allows that.
type run struct {
	file   *os.File
	reader *reader
	level  int // how often its records were merged
}

func (r *run) close() {
	_ = r.file.Close()
	_ = os.Remove(r.file.Name()) // where it still has its name
}

// spill moves the records in memory to a run, and merges the last runs of one level
// if they are many.
func (s *Store) spill() error {
	r, err := s.newRun(0, newInMemory(s.fresh))
	if err != nil {
		return err
	}
	clear(s.fresh)
	s.runs, s.size = append(s.runs, r), 0
	for n := len(s.runs) - sameRuns; n >= 0 && s.runs[n].level == s.runs[len(s.runs)-1].level; n = len(s.runs) - sameRuns {
		if err := s.unite(n); err != nil {
			return err
		}
	}
	return nil
}

// unite makes one run of those from number n on.
func (s *Store) unite(n int) error {
	sources := make([]source, 0, len(s.runs)-n)
	for _, r := range s.runs[n:] {
		sources = append(sources, r.reader.cursor())
	}
	one, err := s.newRun(s.runs[n].level+1, sources...)
	if err != nil {
		return err
	}
	for _, r := range s.runs[n:] {
		r.close()
	}
	s.runs = append(s.runs[:n], one)
	return nil
}

// newRun writes the sources as one run.
func (s *Store) newRun(level int, sources ...source) (*run, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(s.dir, tempPattern)
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // where this fails, close removes it
	r := &run{file: f, level: level}
	w := newWriter(f, "")
	merge(sources, w.add)
	if err = w.finish(); err == nil {
		r.reader, err = readFile(f)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}
