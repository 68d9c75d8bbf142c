package ignore

import (
	"errors"
	"io/fs"
	"strings"
)

// File is the name of an ignore file. Its rules apply to the directory that it
// is in and everything below.
const File = ".s3fcignore"

// A Source reads the ignore files of one tree.
type Source interface {
	// ReadRules returns the rules of the ignore file in dir, a key or "." for
	// the root, or nil if there is none. The error names the file.
	ReadRules(dir string) (*Rules, error)
}

// A Set decides which keys of a run are hidden: by the rules of the command
// line, then by those in the ignore files of each source, the innermost
// directory first, then by the defaults. A key that the files of one source
// hide is hidden, whatever those of another say. It reads the file of a
// directory when the first key below it is asked for, and is safe for concurrent
// use.
type Set struct {
	sides []*side
}

// NewSet returns a Set. The rules and sources must not be changed afterwards. A
// nil source has no files.
func NewSet(flags, defaults *Rules, sources ...Source) *Set {
	s := new(Set)
	for _, src := range sources {
		if src != nil {
			s.sides = append(s.sides, newSide(flags, defaults, src))
		}
	}
	if len(s.sides) == 0 {
		s.sides = []*side{newSide(flags, defaults, none{})}
	}
	return s
}

// Hidden reports whether the entry at key, which is not a directory, or one of
// its parent directories is hidden. For a key with a final slash it reports
// whether that directory is hidden, with everything below it. A key may be any
// string.
func (s *Set) Hidden(key string) bool {
	for _, side := range s.sides {
		if side.hidden(key) {
			return true
		}
	}
	return false
}

// Freeze ends the reading of files: from now on, only the rules that were found
// so far count. Called between a plan and its execution, it makes both use the
// same rules.
func (s *Set) Freeze() {
	for _, side := range s.sides {
		side.freeze()
	}
}

// Err returns an error if rules could not be read. The directories that they
// apply to count as hidden, and a plan that was made meanwhile must not be used.
func (s *Set) Err() error {
	var all []error
	for _, side := range s.sides {
		all = append(all, side.failure())
	}
	return errors.Join(all...)
}

type none struct{}

func (none) ReadRules(string) (*Rules, error) { return nil, nil }

// A scope is the rules in one ignore file, with the directory that it is in.
type scope struct {
	below string // the directory's key and a slash, or "" for the root
	rules *Rules
}

// match returns the verdict of the innermost scope that has a rule for key. Rules
// for its parent directories are not considered.
func match(scopes []scope, key string, isDir bool) Verdict {
	for i := len(scopes) - 1; i >= 0; i-- {
		rel, in := strings.CutPrefix(key, scopes[i].below)
		if !in {
			continue
		}
		if v := scopes[i].rules.Match(rel, isDir); v != Silent {
			return v
		}
	}
	return Silent
}

// parent returns the directory that key is in, "." for the root.
func parent(key string) string {
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		return key[:i]
	}
	return "."
}

// readScope returns the rules of the ignore file in dir.
func readScope(src Source, dir string) (sc scope, err error) {
	if !fs.ValidPath(dir) {
		return scope{}, nil
	}
	if dir != "." {
		sc.below = dir + "/"
	}
	sc.rules, err = src.ReadRules(dir)
	return sc, err
}
