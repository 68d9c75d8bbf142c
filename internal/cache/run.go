package cache

import "os"

// A run is a sorted temporary file of what was found out, which has no name any
// more where the system allows that.
type run struct {
	file   *os.File
	reader *reader
}

func (r *run) close() {
	_ = r.file.Close()
	_ = os.Remove(r.file.Name()) // where it still has its name
}

// spill moves what is held in memory to a run.
func (s *Store) spill() error {
	if err := s.addRun(nil, newHeld(s.fresh)); err != nil {
		return err
	}
	clear(s.fresh)
	s.size = 0
	if len(s.runs) < maxRuns {
		return nil
	}
	sources := make([]source, 0, maxRuns)
	for _, r := range s.runs {
		sources = append(sources, r.reader.cursor())
	}
	return s.addRun(s.runs, sources...)
}

// addRun writes the sources as one run, which takes the place of those in old.
func (s *Store) addRun(old []*run, sources ...source) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, tempPattern)
	if err != nil {
		return err
	}
	_ = os.Remove(f.Name()) // where this fails, close removes it
	r := &run{file: f}
	w := newWriter(f, "")
	merge(sources, w.add)
	if err = w.finish(); err == nil {
		r.reader, err = readFile(f)
	}
	if err != nil {
		r.close()
		return err
	}
	for _, o := range old {
		o.close()
	}
	s.runs = append(s.runs[:len(s.runs)-len(old)], r)
	return nil
}
