package core

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// An Opener opens the tree at u. [Mux.Open] has checked the parameters of u against
// [Scheme.Options] before. A tree that holds something open is an [io.Closer]; its
// opener closes it with [Close].
type Opener func(ctx context.Context, u *url.URL, env Env) (Backend, error)

// A Scheme is one kind of store that a [Mux] can open, and all that a program
// has to know of it. Name and Open are required. The functions must be safe for
// concurrent use, and no field changes once the scheme is registered.
type Scheme struct {
	// Name is the scheme of the URLs, as "s3".
	Name string
	// Open opens a tree.
	Open Opener
	// About describes the store in one line for a person.
	About string
	// Example is a URL of this scheme.
	Example string
	// Features are those of a typical tree of this scheme.
	Features Features
	// Options are the parameters that the query of a URL may have; any other is
	// refused.
	Options []Option
	// Variables are the environment variables that decide about trees of this scheme.
	Variables []Variable
	// Completer, if not nil, helps a shell to complete URLs of this scheme.
	Completer Completer
	// Check, if not nil, reports an error in u that shows without opening the
	// tree: a missing bucket, a path that names a file. It sends no request.
	Check func(u *url.URL) error
	// FromPath, if not nil, makes a URL of a path without a scheme. At most one
	// scheme of a Mux has it.
	FromPath func(path string) (*url.URL, error)
	// Suggest, if not nil, returns the URL that was probably meant by an argument
	// that is no URL of a known scheme, such as an address of the store's website.
	Suggest func(arg string) (url string, ok bool)
	// Endpoint, if not nil, returns the address of the server that u leads to, as
	// far as u and the environment tell; "" is the scheme's own. Two URLs of
	// different endpoints name different trees.
	Endpoint func(u *url.URL) string
	// Within, if not nil, returns the key that the tree in has inside the tree
	// out, "." for the same tree; ok is false if it is not inside. Without it,
	// endpoint, host and path decide. An empty key means that it is inside, but
	// under a name that has no key there.
	Within func(out, in *url.URL) (key string, ok bool)
}

// An Option is a parameter that the URLs of a [Scheme] may have.
type Option struct {
	Name  string
	About string
	// Values are the values that it takes, the default first; nil means any.
	Values []string
}

// A Completer knows of a store what a shell may complete. Nothing is reported: a
// method that fails returns nothing. Its methods stop when ctx ends.
type Completer interface {
	// Ready reports whether the tree at u may be opened and listed for a completion:
	// whether the user has credentials for it. It sends no request.
	Ready(u *url.URL) bool
	// Hosts returns the names that can stand for the host of u, such as buckets. It
	// may send a request, and is called only where Ready is true.
	Hosts(ctx context.Context, u *url.URL) []string
	// Values returns the values of an option that the user's files name. It sends no
	// request.
	Values(option string) []string
}

// A Variable is an environment variable that a [Scheme] reads.
type Variable struct{ Name, About string }

// Takes reports whether the scheme's URLs may have the parameter name.
func (s *Scheme) Takes(name string) bool {
	return slices.ContainsFunc(s.Options, func(o Option) bool { return o.Name == name })
}

// CheckOptions reports a parameter of u that is not among options, or whose
// value it does not take.
func CheckOptions(u *url.URL, options []Option) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		i := slices.IndexFunc(options, func(o Option) bool { return o.Name == name })
		if i < 0 {
			return fmt.Errorf("unknown parameter %q in %s: expected %s", name, u.Redacted(), optionNames(options))
		}
		for _, v := range query[name] {
			if err := options[i].Check(v); err != nil {
				return fmt.Errorf("%s: %w", u.Redacted(), err)
			}
		}
	}
	return nil
}

// Check reports whether the parameter takes value; "" stands for the default.
func (o Option) Check(value string) error {
	if o.Values == nil || value == "" || slices.Contains(o.Values, value) {
		return nil
	}
	return fmt.Errorf("%s=%s: expected %s", o.Name, value, o.Expected())
}

// Expected returns the values in words: "a", "a or b", "a, b or c".
func (o Option) Expected() string {
	last := len(o.Values) - 1
	if last < 1 {
		return strings.Join(o.Values, "")
	}
	return strings.Join(o.Values[:last], ", ") + " or " + o.Values[last]
}

func optionNames(options []Option) string {
	if len(options) == 0 {
		return "none"
	}
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.Name
	}
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}

// endpoint returns where u leads.
func (s *Scheme) endpoint(u *url.URL) string {
	if s.Endpoint == nil {
		return ""
	}
	return s.Endpoint(u)
}

// within is Within, or decides by endpoint, host and path.
func (s *Scheme) within(out, in *url.URL) (key string, ok bool) {
	if s.Within != nil {
		return s.Within(out, in)
	}
	if out.Host != in.Host || s.endpoint(out) != s.endpoint(in) {
		return "", false
	}
	outer, inner := strings.Trim(out.Path, "/"), strings.Trim(in.Path, "/")
	switch rest, below := strings.CutPrefix(inner, outer+"/"); {
	case outer == inner:
		return ".", true
	case outer == "":
		return inner, true
	case below:
		return rest, true
	}
	return "", false
}
