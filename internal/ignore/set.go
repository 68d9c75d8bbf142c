package ignore

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// File is the name of the file that holds the rules of a directory and what is
// below it.
const File = ".s3fcignore"

// A Source reads the ignore files of one tree.
type Source interface {
	// ReadRules returns the text of the ignore file in dir, a key or "." for
	// the root; empty if there is none. Not real says that dir is no directory,
	// so that nothing below it need be asked for.
	ReadRules(dir string) (text string, real bool, err error)
}

// A Set decides which keys of a run are hidden: by the rules of the command
// line, then by those in the ignore files of each source, the innermost
// directory first, then by the defaults. A key that the files of one source
// hide is hidden, whatever those of another say. It reads the files as
// directories are first asked for, and is safe for concurrent use.
type Set struct {
	sides []*side
}

// NewSet returns a Set. The rules and sources are not to be changed any more.
func NewSet(flags, defaults *Rules, sources ...Source) *Set {
	if len(sources) == 0 {
		sources = []Source{none{}}
	}
	s := new(Set)
	for _, src := range sources {
		s.sides = append(s.sides, newSide(flags, defaults, src))
	}
	return s
}

// Hidden reports whether the entry at key, which is not a directory, is to be
// left alone, by itself or because a directory that it lies in is. Of a key
// with a slash at its end it reports whether that directory is hidden, with
// everything below it. Any string will do as a key.
func (s *Set) Hidden(key string) bool {
	for _, side := range s.sides {
		if side.hidden(key) {
			return true
		}
	}
	return false
}

// Freeze ends the reading of files: from now on, only the rules that were
// found so far count, whatever becomes of the files. Called between a plan and
// its execution, it makes both see the same rules.
func (s *Set) Freeze() {
	for _, side := range s.sides {
		side.freeze()
	}
}

// Err returns an error if rules could not be read. What they might have hidden
// counts as hidden, and a plan that was made meanwhile is not to be trusted.
func (s *Set) Err() error {
	var all []error
	for _, side := range s.sides {
		all = append(all, side.failure())
	}
	return errors.Join(all...)
}

type none struct{}

func (none) ReadRules(string) (string, bool, error) { return "", false, nil }

// scope is the rules of one directory.
type scope struct {
	below string // the directory's key and a slash, or empty for the root
	rules *Rules
}

// match says what the scopes hold of key alone; the last is the innermost.
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

// parent returns the directory that key lies in, "." for the root.
func parent(key string) string {
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		return key[:i]
	}
	return "."
}

func readScope(src Source, dir string) (sc scope, real bool, err error) {
	if !fs.ValidPath(dir) {
		return scope{}, false, nil
	}
	text, real, err := src.ReadRules(dir)
	if err != nil {
		return scope{}, real, fmt.Errorf("the rules in %s cannot be read: %w", File, err)
	}
	sc.rules = Parse(text)
	if dir != "." {
		sc.below = dir + "/"
	}
	return sc, real, nil
}
