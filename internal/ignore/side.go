package ignore

import (
	"slices"
	"strings"
	"sync"
)

// maxFolders bounds the memory that a side takes for directories without
// rules.
const maxFolders = 4096

// side is the rules that one source's files add to those of the command line.
type side struct {
	flags, defaults *Rules
	src             Source

	mu      sync.Mutex
	frozen  bool
	found   map[string]scope   // by directory, of those that have rules: few, and never forgotten
	folders map[string]*folder // forgotten all at once when they are too many
	err     error
}

// folder is what holds for the entries of one directory. It does not change.
type folder struct {
	hidden bool
	real   bool
	scopes []scope // of the directory and those around it, the innermost last
}

func newSide(flags, defaults *Rules, src Source) *side {
	return &side{flags: flags, defaults: defaults, src: src, found: make(map[string]scope), folders: make(map[string]*folder)}
}

func (s *side) freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = true
}

func (s *side) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *side) hidden(key string) bool {
	s.mu.Lock()
	f := s.folder(parent(key))
	s.mu.Unlock()
	if strings.HasSuffix(key, "/") {
		return f.hidden
	}
	return f.hidden || s.verdict(f, key, false) == Hide
}

func (s *side) verdict(f *folder, key string, isDir bool) Verdict {
	if v := s.flags.Match(key, isDir); v != Silent {
		return v
	}
	if v := match(f.scopes, key, isDir); v != Silent {
		return v
	}
	return s.defaults.Match(key, isDir)
}

// folder returns what holds in dir. s.mu is held.
func (s *side) folder(dir string) *folder {
	if f, ok := s.folders[dir]; ok {
		return f
	}
	f := &folder{real: true}
	if dir != "." {
		up := s.folder(parent(dir))
		*f = folder{hidden: up.hidden || s.verdict(up, dir, true) == Hide, real: up.real, scopes: up.scopes}
	}
	if f.real && !f.hidden {
		s.read(dir, f)
	}
	if len(s.folders) >= maxFolders {
		clear(s.folders)
	}
	s.folders[dir] = f
	return f
}

// read adds the rules that stand in dir itself. Of a file that cannot be read,
// the first error is kept and all below is hidden.
func (s *side) read(dir string, f *folder) {
	sc, ok := s.found[dir]
	if !ok && !s.frozen {
		var err error
		if sc, f.real, err = readScope(s.src, dir); err != nil {
			f.hidden = true
			if s.err == nil {
				s.err = err
			}
			return
		}
	}
	if !sc.rules.Empty() {
		s.found[dir] = sc
		f.scopes = append(slices.Clip(f.scopes), sc)
	}
}
