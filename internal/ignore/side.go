package ignore

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"sync"
)

// maxDirs bounds the memory that a side takes for directories without rules.
const maxDirs = 4096

// A side combines the rules of the command line with those in the ignore files
// of one source.
type side struct {
	flags, defaults *Rules
	src             Source

	mu     sync.Mutex
	frozen bool
	scopes map[string]scope // by directory, of those that have rules: few, and never dropped
	dirs   map[string]*dir  // a cache, emptied when it is full
	err    error            // the first of a file that could not be read
}

// A dir says which rules apply to the entries of one directory. It does not
// change.
type dir struct {
	hidden bool
	scopes []scope // of the directory and its parents, the innermost last
}

func newSide(flags, defaults *Rules, src Source) *side {
	return &side{flags: flags, defaults: defaults, src: src, scopes: make(map[string]scope), dirs: make(map[string]*dir)}
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
	d := s.dir(parent(key))
	s.mu.Unlock()
	if strings.HasSuffix(key, "/") {
		return d.hidden
	}
	return d.hidden || s.verdict(d, key, false) == Hide
}

func (s *side) verdict(d *dir, key string, isDir bool) Verdict {
	if v := s.flags.Match(key, isDir); v != Silent {
		return v
	}
	if v := match(d.scopes, key, isDir); v != Silent {
		return v
	}
	return s.defaults.Match(key, isDir)
}

// dir returns the rules for the directory at key. s.mu is held.
func (s *side) dir(key string) *dir {
	if d, ok := s.dirs[key]; ok {
		return d
	}
	d := new(dir)
	if key != "." {
		up := s.dir(parent(key))
		*d = dir{hidden: up.hidden || s.verdict(up, key, true) == Hide, scopes: up.scopes}
	}
	if len(s.dirs) >= maxDirs {
		clear(s.dirs)
	}
	s.dirs[key] = d
	if !d.hidden {
		d = s.read(key, d)
		s.dirs[key] = d
	}
	return d
}

// read returns d with the rules of the ignore file in the directory at key. If they
// cannot be read, it hides the directory and notes the error. s.mu is held, but not
// while the source looks for entries in a directory that has the name of an ignore
// file: its listing asks which directories it may enter, and d, without rules, is the
// answer until then.
func (s *side) read(key string, d *dir) *dir {
	sc, ok := s.scopes[key]
	if !ok && !s.frozen {
		var err error
		if path.Base(key) == File {
			s.mu.Unlock()
			sc, err = readScope(s.src, key)
			s.mu.Lock()
		} else {
			sc, err = readScope(s.src, key)
		}
		if err != nil {
			s.err = cmp.Or(s.err, err)
			return &dir{hidden: true, scopes: d.scopes}
		}
	}
	if sc.rules.Empty() {
		return d
	}
	s.scopes[key] = sc
	return &dir{scopes: append(slices.Clip(d.scopes), sc)}
}
