package s3fc

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/s3fc/s3fc/core"
	"github.com/s3fc/s3fc/internal/near"
)

// A Start says which trees a run is about. Options.Start receives it once both are
// open, before anything is listed.
type Start struct {
	Source TreeInfo
	// Destination is zero where there is one tree.
	Destination TreeInfo
}

// TreeInfo names a tree.
type TreeInfo struct {
	// Name is the tree as the caller named it.
	Name string
	// URL opens the tree, without a password; "" for a tree that the caller has
	// opened.
	URL string
	// Location is a region, a server or a directory, where the URL leaves that
	// open, or "".
	Location string
}

func (s *side) info() TreeInfo {
	info := TreeInfo{Name: s.name}
	if s.url != nil {
		u := *s.url
		if _, has := u.User.Password(); has {
			u.User = url.User(u.User.Username())
		}
		info.URL = u.String()
	}
	if l, ok := core.As[core.Locator](s.tree); ok {
		info.Location = l.Location()
	}
	return info
}

// place is where the tree is, for a person: a whole path, or the URL.
func (s *side) place() string {
	if s.url == nil {
		return s.name
	}
	if scheme, _ := s.mux.Scheme(s.url.Scheme); scheme.FromPath != nil {
		return s.url.Path
	}
	return s.info().URL
}

// A NothingThereError says that the store has no entry under the prefix of a tree.
// It is [core.ErrEmptySource].
type NothingThereError struct {
	Tree string // as the caller named it
	// Near are names beside the prefix, with a slash at the end of a directory; the
	// most similar one first.
	Near []string
}

// Error returns the tree and the names beside it.
func (e *NothingThereError) Error() string {
	s := "nothing lies under " + e.Tree
	if len(e.Near) == 0 {
		return s
	}
	shown := make([]string, 0, maxNear)
	for _, n := range e.Near[:min(len(e.Near), maxNear)] {
		shown = append(shown, core.DisplayKey(n))
	}
	s += "; beside it are " + strings.Join(shown, ", ")
	if more := len(e.Near) - maxNear; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// Unwrap returns core.ErrEmptySource.
func (e *NothingThereError) Unwrap() error { return core.ErrEmptySource }

const (
	maxNear     = 5   // names that an error shows
	maxListings = 8   // requests that looking for them takes at most
	maxSegment  = 500 // entries of one directory that are listed before it is passed
)

// nothingThere returns a NothingThereError if the side is a prefix of a flat store
// under which no entry is at all. It asks the store, and is called only when
// nothing was found to be copied.
func (s *side) nothingThere(ctx context.Context, env core.Env) error {
	if s.url == nil || !s.tree.Features().Flat {
		return nil
	}
	prefix := strings.Trim(s.url.Path, "/")
	if prefix == "" {
		return nil
	}
	for range s.tree.List(ctx, "") { //nolint:errcheck // Any answer tells.
		return nil // an entry, or an error that the run has met
	}
	up := strings.LastIndexByte(prefix, '/')
	last := prefix[up+1:]
	parent := *s.url
	parent.Path, parent.RawPath = "/"+prefix[:max(up, 0)], ""
	env.Create, env.Hidden = false, nil
	tree, err := s.mux.Open(ctx, &parent, env)
	if err != nil {
		return &NothingThereError{Tree: s.name}
	}
	defer func() { _ = core.Close(tree) }() // only read
	return &NothingThereError{Tree: s.name, Near: byLikeness(last, topNames(ctx, tree))}
}

// topNames returns the first segments of the keys of t, as far as a few listings
// show them.
func topNames(ctx context.Context, t core.Tree) (names []string) {
	after := ""
	for range maxListings {
		more := false
		count := 0
		for e, err := range t.List(ctx, after) {
			if err != nil {
				return names
			}
			name, _, dir := strings.Cut(e.Key, "/")
			if dir {
				name += "/"
			}
			if len(names) == 0 || names[len(names)-1] != name {
				names, count = append(names, name), 0
			}
			if count++; dir && count > maxSegment {
				after, more = name+"\U0010ffff", true
				break
			}
		}
		if !more {
			break
		}
	}
	return slices.Compact(names)
}

// byLikeness sorts names by their likeness to name.
func byLikeness(name string, names []string) []string {
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(near.Edits(name, strings.TrimSuffix(a, "/")), near.Edits(name, strings.TrimSuffix(b, "/")))
	})
	return names
}

// NothingThere returns a [NothingThereError] if arg is a prefix of a flat store
// under which no entry is. t is the tree at arg, and no entry was found in it. It
// asks the store.
func NothingThere(ctx context.Context, mux *core.Mux, arg string, t core.Backend, env core.Env) error {
	s, err := named(mux, "tree", arg)
	if err != nil {
		return nil
	}
	s.tree = t
	return s.nothingThere(ctx, env)
}

// InfoOf names the open tree t, which arg names.
func InfoOf(mux *core.Mux, arg string, t core.Backend) TreeInfo {
	s, err := named(mux, "tree", arg)
	if err != nil {
		return TreeInfo{Name: arg}
	}
	s.tree = t
	return s.info()
}
