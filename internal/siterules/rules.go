package siterules

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/ignore"
)

// Rules are the rules of one file, in order. They are immutable and safe for
// concurrent use; a nil *Rules has none.
type Rules struct {
	rules []*rule

	mu   sync.RWMutex
	sets map[uint64]headerSet // by the rules that give it, where there are at most 64
}

// headerSet is the headers that some rules give together. They are shared by all files
// that they are of.
type headerSet struct {
	headers *core.Headers
	mark    core.HeaderMark
}

type rule struct {
	line          int
	match         []string
	patterns      ignore.Rules
	headers       core.Headers
	precompressed bool
	used          atomic.Bool
}

// Headers returns the headers that the rules give the file at key, nil for none, and
// their mark.
func (r *Rules) Headers(key string) (*core.Headers, core.HeaderMark) {
	if r == nil {
		return nil, noHeaders
	}
	var which uint64
	for i, u := range r.rules {
		if u.matches(key) {
			u.use()
			which |= 1 << (i & 63)
		}
	}
	if len(r.rules) > 64 {
		set := r.newSet(r.matching(key))
		return set.headers, set.mark
	}
	r.mu.RLock()
	set, ok := r.sets[which]
	r.mu.RUnlock()
	if !ok {
		set = r.newSet(r.matching(key))
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.sets == nil {
			r.sets = make(map[uint64]headerSet)
		}
		r.sets[which] = set
	}
	return set.headers, set.mark
}

var noHeaders = (*core.Headers)(nil).Mark()

func (r *Rules) newSet(rules []*rule) (set headerSet) {
	for _, u := range rules {
		if !u.headers.Empty() {
			set.headers = u.headers.Over(set.headers)
		}
	}
	set.mark = set.headers.Mark()
	return set
}

// Precompressed reports whether the rules say that the file at key, whose name
// ends in .gz or .br, is the compressed form of the file without that ending.
func (r *Rules) Precompressed(key string) bool {
	if r == nil {
		return false
	}
	return r.precompressing(key) != nil
}

// precompressing returns the last rule that says that the file at key is compressed;
// nil for none.
func (r *Rules) precompressing(key string) *rule {
	for _, u := range slices.Backward(r.rules) {
		if u.precompressed && u.matches(key) {
			u.use()
			return u
		}
	}
	return nil
}

// HasPrecompressed reports whether a rule is for precompressed files.
func (r *Rules) HasPrecompressed() bool {
	return r != nil && slices.ContainsFunc(r.rules, func(u *rule) bool { return u.precompressed })
}

func (r *Rules) matching(key string) (matching []*rule) {
	if r == nil {
		return nil
	}
	for _, u := range r.rules {
		if u.matches(key) {
			u.use()
			matching = append(matching, u)
		}
	}
	return matching
}

// use notes that the rule has matched a key.
func (u *rule) use() {
	if !u.used.Load() {
		u.used.Store(true)
	}
}

// matches reports whether the rule is for the file at key. A pattern may match the
// file or a directory above it; the nearest one decides.
func (u *rule) matches(key string) bool {
	verdict := u.patterns.Match(key, false)
	for dir := key; verdict == ignore.Silent; {
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			return false
		}
		dir = dir[:i]
		verdict = u.patterns.Match(dir, true)
	}
	return verdict == ignore.Hide
}

// A Given is a header and the rule that gives it.
type Given struct {
	Header, Value string
	Line          int // of the rule's [[rule]]
	Match         []string
}

// Explain returns the headers of the file at key, by name, each with the rule that
// gives it. A metadata entry is named "metadata.NAME".
func (r *Rules) Explain(key string) []Given {
	given := make(map[string]Given)
	for _, u := range r.matching(key) {
		add := func(name, value string) { given[name] = Given{name, value, u.line, u.match} }
		for _, name := range core.HeaderNames {
			if v := u.headers.Get(name); v != "" {
				add(name, v)
			}
		}
		for name, v := range u.headers.Metadata {
			add("metadata."+name, v)
		}
	}
	return slices.SortedFunc(maps.Values(given), func(a, b Given) int { return strings.Compare(a.Header, b.Header) })
}

// ExplainCompressed is [Rules.Explain] of the file at key if it is stored from the
// compressed file at from, for which [Rules.Precompressed] is true.
func (r *Rules) ExplainCompressed(key, from, encoding string) []Given {
	const name = "content-encoding"
	given := r.Explain(key)
	i, found := slices.BinarySearchFunc(given, name, func(g Given, name string) int { return strings.Compare(g.Header, name) })
	if u := r.precompressing(from); !found && u != nil {
		given = slices.Insert(given, i, Given{name, encoding, u.line, u.match})
	}
	return given
}

// A Ref names a rule of the file.
type Ref struct {
	Line  int
	Match []string
}

// Unused returns the rules that matched no key so far: likely mistakes, once a
// whole tree was seen.
func (r *Rules) Unused() (unused []Ref) {
	if r == nil {
		return nil
	}
	for _, u := range r.rules {
		if !u.used.Load() {
			unused = append(unused, Ref{u.line, u.match})
		}
	}
	return unused
}

// Len returns the number of rules.
func (r *Rules) Len() int {
	if r == nil {
		return 0
	}
	return len(r.rules)
}
