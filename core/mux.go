package core

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Env is the memory, budget and options that the trees of one run share. Every
// field may be left zero.
type Env struct {
	// Budget limits the requests of all trees together.
	Budget *Budget
	// Buffers is the memory that bodies may take; nil is a bounded default that all
	// trees share.
	Buffers *Buffers
	// Jobs is how many operations will run at once, and so how many connections
	// are worth keeping open.
	Jobs int
	// GiveUp is how long a store that answered before may give no answer at all
	// until the run ends; 0 for a minute.
	GiveUp time.Duration
	// Log receives messages for debugging.
	Log *slog.Logger
	// Options are query parameters for URLs that do not set them themselves, from
	// the command line's flags. A backend reads those that its URLs may have.
	Options url.Values
	// Hidden, if not nil, reports whether the caller ignores key; a key that ends
	// in a slash stands for everything below it. A listing may leave out hidden
	// entries. It is called concurrently, once the tree is in use. It must be nil
	// for a tree that is written to: hidden entries are in the way of a Put.
	Hidden func(key string) bool
	// Create says that the tree will be written to: a missing directory or
	// embedded bucket is made on first use. Without it, a missing tree is an error
	// that is [fs.ErrNotExist].
	Create bool
}

// Logger returns Log, or a logger that discards.
func (e Env) Logger() *slog.Logger {
	if e.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Log
}

// Option returns the parameter name of u's query, or else of Options.
func (e Env) Option(u *url.URL, name string) string {
	if q := u.Query(); q.Has(name) {
		return q.Get(name)
	}
	return e.Options.Get(name)
}

// A Mux opens trees by the scheme of their URL. Schemes are registered
// explicitly, before use; it is not safe to register while opening.
type Mux struct {
	schemes map[string]Scheme
}

// NewMux returns a Mux with these schemes; see [Mux.Handle].
func NewMux(schemes ...Scheme) *Mux {
	m := new(Mux)
	for _, s := range schemes {
		m.Handle(s)
	}
	return m
}

// Handle registers s. It panics if the name is empty or taken, or if a second
// scheme has FromPath: that is a mistake in the program.
func (m *Mux) Handle(s Scheme) {
	if s.Name == "" || s.Open == nil {
		panic("core: Mux.Handle needs a name and an opener")
	}
	for _, other := range m.schemes {
		if s.FromPath != nil && other.FromPath != nil {
			panic("core: schemes " + other.Name + " and " + s.Name + " both have FromPath")
		}
	}
	if _, taken := m.schemes[s.Name]; taken {
		panic("core: scheme " + s.Name + " is registered twice")
	}
	if m.schemes == nil {
		m.schemes = make(map[string]Scheme)
	}
	m.schemes[s.Name] = s
}

// Schemes returns the registered schemes, by name.
func (m *Mux) Schemes() []Scheme {
	return slices.SortedFunc(maps.Values(m.schemes), func(a, b Scheme) int { return strings.Compare(a.Name, b.Name) })
}

// Scheme returns the scheme of this name.
func (m *Mux) Scheme(name string) (Scheme, bool) {
	s, ok := m.schemes[name]
	return s, ok
}

// Parse reads a tree argument: a URL, or a path, which becomes a URL of the
// scheme that has [Scheme.FromPath]. It does not look at the tree. An argument
// that looks like a URL or like the syntax of another tool is never a path; the
// error suggests a spelling.
func (m *Mux) Parse(arg string) (*url.URL, error) {
	if arg == "" {
		return nil, fmt.Errorf("an empty tree: expected %s", m.names())
	}
	scheme, rest, isURL := strings.Cut(arg, "://")
	if !isURL {
		scheme, rest, _ = strings.Cut(arg, ":")
	}
	switch _, known := m.schemes[scheme]; {
	case rest == "" && !isURL, strings.ContainsAny(scheme, `/\`), isDrive(scheme) && !known && !isURL:
		return m.parsePath(arg)
	case !known || !isURL:
		return nil, m.notATree(arg, scheme, rest, isURL)
	}
	u, err := url.Parse(arg)
	if err != nil {
		return nil, fmt.Errorf("%w (a key with %%, ? or # in a URL must be percent-encoded)", err)
	}
	return u, checkParsed(arg, u)
}

// checkParsed returns an error for a URL that would name another tree than it seems
// to: a fragment is no part of its path, and dots would hide that two trees overlap.
func checkParsed(arg string, u *url.URL) error {
	if strings.Contains(arg, "#") {
		return fmt.Errorf("%q: what follows # is no part of a URL's path: write %%23 for a # in a key", arg)
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return fmt.Errorf("%q: expected a path without the segment %q", arg, segment)
		}
	}
	return nil
}

// isDrive reports whether a path begins with s and a colon on Windows.
func isDrive(s string) bool {
	return len(s) == 1 && (s[0]|0x20) >= 'a' && (s[0]|0x20) <= 'z'
}

// notATree returns the error for an argument that has a colon behind its first
// word and is no URL of a known scheme.
func (m *Mux) notATree(arg, scheme, rest string, isURL bool) error {
	meant := ""
	if _, known := m.schemes[strings.ToLower(scheme)]; known {
		meant = strings.ToLower(scheme) + "://" + strings.TrimLeft(rest, ":/")
	}
	for _, s := range m.Schemes() {
		if s.Suggest == nil || meant != "" {
			continue
		}
		if u, ok := s.Suggest(arg); ok {
			meant = u
		}
	}
	switch {
	case meant != "":
		return fmt.Errorf("%q is no tree: did you mean %s?", arg, meant)
	case isURL:
		return fmt.Errorf("unknown scheme %q in %q: expected %s", scheme, arg, m.names())
	}
	return fmt.Errorf("%q looks like a tree of another program: expected %s; if it is a path, write ./%s", arg, m.names(), arg)
}

func (m *Mux) parsePath(arg string) (*url.URL, error) {
	for _, s := range m.schemes {
		if s.FromPath != nil {
			return s.FromPath(arg)
		}
	}
	return nil, fmt.Errorf("%s is a path, and this program knows no directories: expected %s", arg, m.names())
}

// names lists the forms of a tree argument.
func (m *Mux) names() string {
	var names []string
	path := ""
	for _, s := range m.Schemes() {
		names = append(names, s.Name+"://")
		if s.FromPath != nil {
			path = "a path or "
		}
	}
	return path + "one of " + strings.Join(names, ", ")
}

// Check reports an error in u that shows without opening the tree: an unknown
// scheme, a parameter that the scheme does not have, or an error of [Scheme.Check].
func (m *Mux) Check(u *url.URL) error {
	s, err := m.lookup(u)
	if err != nil {
		return err
	}
	if err := CheckOptions(u, s.Options); err != nil || s.Check == nil {
		return err
	}
	return s.Check(u)
}

// Within returns the key that the tree at in has inside the tree at out, "." if
// they are the same tree. ok is false if it is not inside. The key is empty if
// in is inside under a name that has no key.
func (m *Mux) Within(out, in *url.URL) (key string, ok bool) {
	s, known := m.schemes[out.Scheme]
	if !known || out.Scheme != in.Scheme {
		return "", false
	}
	return s.within(out, in)
}

// Endpoint returns the address of the server that u leads to; see
// [Scheme.Endpoint].
func (m *Mux) Endpoint(u *url.URL) string {
	s := m.schemes[u.Scheme]
	return s.endpoint(u)
}

// Open opens the tree at u, whose parameters must be among the scheme's options.
// The caller closes it with [Close].
func (m *Mux) Open(ctx context.Context, u *url.URL, env Env) (Backend, error) {
	s, err := m.lookup(u)
	if err != nil {
		return nil, err
	}
	if err := CheckOptions(u, s.Options); err != nil {
		return nil, err
	}
	return s.Open(ctx, u, env)
}

func (m *Mux) lookup(u *url.URL) (Scheme, error) {
	s, ok := m.schemes[u.Scheme]
	if !ok {
		return Scheme{}, fmt.Errorf("unknown scheme %q: expected %s", u.Scheme, m.names())
	}
	return s, nil
}
