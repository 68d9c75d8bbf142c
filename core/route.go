package core

import "context"

// A DirRouter can lead visitors on from all that would lie below a link to a
// directory by one rule of the store, instead of one link an entry.
type DirRouter interface {
	// Routes returns the links that the rules of the tree stand for, in key
	// order, each with a target that is known to be a directory. Rules that
	// Route would not write are not among them.
	Routes(ctx context.Context) ([]Entry, error)
	// CheckRoutes returns the changes that Route would make, and writes nothing.
	// The error is [ErrTooManyRoutes] if there would be more rules than the store
	// can have.
	CheckRoutes(ctx context.Context, want Routes) (RouteChange, error)
	// Route makes the tree's rules those for the wanted links. All other rules
	// stay as they are, and where they are.
	Route(ctx context.Context, want Routes) error
}

// Routes are the links that a [DirRouter] is to have rules for.
type Routes struct {
	// Links are to directories: the Target of each has a Key, which is known to
	// be one. They are in key order.
	Links []Entry
	// Keep, if not nil, reports whether a rule for a key that is not among Links
	// stays.
	Keep func(key string) bool
}

// RouteChange counts the changes that a [DirRouter] would make to its rules.
type RouteChange struct {
	Set, Removed int // rules
	// Notes are remarks for the user, one sentence each.
	Notes []string
}

// Any reports whether anything would change.
func (c RouteChange) Any() bool { return c.Set+c.Removed > 0 }
