package ignore

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/s3fc/s3fc/core"
)

// A Verdict is the answer of rules for a key.
type Verdict uint8

const (
	// Silent: no rule matches.
	Silent Verdict = iota
	// Hide: the key is excluded.
	Hide
	// Show: an exception matches.
	Show
)

// Rules are rules in order; of those that match, the last decides. The zero
// value has none. Matching is safe for concurrent use, adding is not.
type Rules struct {
	rules []rule
}

type rule struct {
	verdict  Verdict
	dirOnly  bool
	lastOnly bool // matched against the last segment of a key
	glob     glob
}

// Parse reads the text of an ignore file: a rule a line, with comments (#),
// empty lines, and spaces at the end, which count only after a backslash.
//
// A text that is not UTF-8, and a pattern that can never match, are errors: git
// ignores both, but entries that the rule was to hide would be copied.
func Parse(text string) (*Rules, error) {
	if err := checkEncoding(text); err != nil {
		return nil, err
	}
	r := new(Rules)
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		n++
		if whole, ended := strings.CutSuffix(line, "\n"); ended {
			line = strings.TrimSuffix(whole, "\r")
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		pattern := trimSpaces(line)
		if pattern == "" {
			continue
		}
		if err := r.Exclude(pattern); err != nil {
			return nil, fmt.Errorf("line %d, %s: %w", n, core.DisplayKey(line), err)
		}
	}
	return r, nil
}

// checkEncoding returns an error if text is not UTF-8, with the remedy.
func checkEncoding(text string) error {
	switch {
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		return errors.New("it is UTF-16 text: save it as UTF-8")
	case strings.IndexByte(text, 0) >= 0:
		return errors.New("it has NUL bytes, so it is not UTF-8 text: save it as UTF-8")
	case !utf8.ValidString(text):
		return errors.New("it is not UTF-8 text: save it as UTF-8")
	}
	return nil
}

// Exclude adds a pattern of the command line: as in a file, except that "#" and
// spaces mean themselves.
func (r *Rules) Exclude(pattern string) error {
	if strings.TrimLeft(pattern, "!/") == "" {
		return errors.New("the pattern is empty")
	}
	if !r.add(pattern) {
		return errors.New("the pattern can never match: is a [ not closed, or a \\ at its end?")
	}
	return nil
}

// Include adds an exception.
func (r *Rules) Include(pattern string) error {
	if strings.HasPrefix(pattern, "!") {
		return errors.New(`the pattern begins with "!": --include is an exception already (write \! for a name that begins so)`)
	}
	return r.Exclude("!" + pattern)
}

// Empty reports whether there are no rules.
func (r *Rules) Empty() bool { return r == nil || len(r.rules) == 0 }

func (r *Rules) add(pattern string) bool {
	var u rule
	u.verdict = Hide
	if rest, ok := strings.CutPrefix(pattern, "!"); ok {
		u.verdict, pattern = Show, rest
	}
	pattern, u.dirOnly = strings.CutSuffix(pattern, "/")
	u.lastOnly = !strings.Contains(pattern, "/")
	pattern = strings.TrimPrefix(pattern, "/")
	if pattern == "" {
		return false
	}
	var ok bool
	if u.glob, ok = compile(pattern); ok {
		r.rules = append(r.rules, u)
	}
	return ok
}

// Match returns the verdict for key, which is relative to the directory that the
// rules are in. Rules for its parent directories are not considered.
func (r *Rules) Match(key string, isDir bool) Verdict {
	if r == nil {
		return Silent
	}
	last := key[strings.LastIndexByte(key, '/')+1:]
	for i := len(r.rules) - 1; i >= 0; i-- {
		u := &r.rules[i]
		if u.dirOnly && !isDir {
			continue
		}
		text := key
		if u.lastOnly {
			text = last
		}
		if u.glob.match(text) {
			return u.verdict
		}
	}
	return Silent
}

// trimSpaces cuts the spaces at the end of line that no backslash precedes.
func trimSpaces(line string) string {
	keep := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		keep = min(i+1, len(line))
	}
	return line[:keep]
}
