package core

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// Env is what the trees of one run share. Every field may be left zero.
type Env struct {
	// Budget limits the requests of all trees together.
	Budget *Budget
	// Buffers is the memory that bodies may take.
	Buffers *Buffers
	// Jobs is how many operations will run at once: how many connections it
	// pays to keep open.
	Jobs int
	// Log receives what a person debugging would want to know.
	Log *slog.Logger
	// Options are query parameters for URLs that do not set them themselves: the
	// command line's flags for backends.
	Options url.Values
	// Hidden, if not nil, says what nobody will look at: with a slash at the end
	// of a key, that is all below it, and a listing may leave it out, unlike one
	// that hides it (wrap.Filter), which is to come on top. It is asked once the
	// tree is in use, concurrently. It must be nil for what is written to: what
	// is hidden stands in the way of what is put there.
	Hidden func(key string) bool
	// Create says that the tree will be written to: what can be made on first
	// use (a directory, an embedded bucket) is made. Otherwise what is missing
	// is an error that is [fs.ErrNotExist].
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

// An Opener opens the tree that u names. If the Backend it returns is an
// io.Closer, it is closed after use.
type Opener func(ctx context.Context, u *url.URL, env Env) (Backend, error)

// A Scheme is one kind of store that a [Mux] can open.
type Scheme struct {
	Name string // of the URL, as "s3"
	Open Opener
	// About is one line for a person: what store this is.
	About string
	// Example is a URL of this scheme.
	Example string
	// Features are those of a typical tree of this scheme.
	Features Features
}

// A Mux opens trees by the scheme of their URL. Schemes are registered
// explicitly, before use; it is not safe to register while opening.
type Mux struct {
	schemes map[string]Scheme
}

// Handle registers s. It panics if the name is taken or empty: that is a
// mistake in the program.
func (m *Mux) Handle(s Scheme) {
	if s.Name == "" || s.Open == nil {
		panic("core: Mux.Handle needs a name and an opener")
	}
	if _, taken := m.schemes[s.Name]; taken {
		panic("core: scheme " + s.Name + " is registered twice")
	}
	if m.schemes == nil {
		m.schemes = make(map[string]Scheme)
	}
	m.schemes[s.Name] = s
}

// Schemes returns what is registered, by name.
func (m *Mux) Schemes() []Scheme {
	return slices.SortedFunc(maps.Values(m.schemes), func(a, b Scheme) int { return strings.Compare(a.Name, b.Name) })
}

// Parse reads a tree argument: a URL, or a path, which becomes a file URL. An
// unknown scheme is an error that lists the known ones.
func (m *Mux) Parse(arg string) (*url.URL, error) {
	if arg == "" {
		return nil, fmt.Errorf("an empty tree: expected a path or a URL (%s)", m.names())
	}
	scheme, _, isURL := strings.Cut(arg, "://")
	if !isURL || strings.ContainsAny(scheme, "/.") {
		abs, err := filepath.Abs(arg)
		if err != nil {
			return nil, err
		}
		return &url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}, nil
	}
	if _, ok := m.schemes[scheme]; !ok {
		return nil, fmt.Errorf("unknown scheme %q in %q: expected a path or one of %s", scheme, arg, m.names())
	}
	u, err := url.Parse(arg)
	if err != nil {
		return nil, fmt.Errorf("%w (a key with %%, ? or # in a URL must be percent-encoded)", err)
	}
	return u, nil
}

func (m *Mux) names() string {
	var names []string
	for _, s := range m.Schemes() {
		names = append(names, s.Name+"://")
	}
	return strings.Join(names, ", ")
}

// Open opens the tree that u names.
func (m *Mux) Open(ctx context.Context, u *url.URL, env Env) (Backend, error) {
	s, ok := m.schemes[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("unknown scheme %q: expected one of %s", u.Scheme, m.names())
	}
	return s.Open(ctx, u, env)
}
