package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/core"
)

// Store is a store under test: a backend on it, and hooks that look at the store
// and change it in ways that a backend has none for. Every hook may be left nil;
// the cases that need it do not run, and the test's output names it. A hook
// returns an error if it could not do its work, which fails the case.
type Store struct {
	// Backend is the store as one process opens it. It is empty at first.
	Backend core.Backend

	// Another returns the backend of another store of the same kind, which is empty.
	// Test and TestStore fill it in.
	Another func() (core.Backend, error)

	// Again opens the store once more, as another process does: the new backend
	// shares nothing with the first one but the store.
	Again func() (core.Backend, error)
	// Missing opens, to read it, a store that is not there: a directory or a bucket
	// that nobody made. It returns the error of opening it, if that is one.
	Missing func() (core.Tree, error)
	// TakeAway makes the store unreachable under its name while backends have it open,
	// as when a disk is unmounted or a directory renamed. Nothing is in its place.
	TakeAway func() error
	// Names returns the raw names of all that is in the store, in any order: files,
	// links, directories, temporary files, unfinished uploads.
	Names func() ([]string, error)
	// Newer overwrites the content of the file at key in place, as another program
	// does that does not know s3fc.
	Newer func(key, content string) error
	// LinkOut makes a link at key that leads out of the store: to the directory that
	// Outside shows, or to the file called name in it if name is not empty.
	LinkOut func(key, name string) error
	// Outside returns the files of a directory outside the store, at least one, and
	// their contents, as they are now.
	Outside func() (map[string]string, error)
	// LinkIn makes a link at key that leads to the directory dir of the store.
	LinkIn func(key, dir string) error
	// Special makes something at key that is neither a file nor a link nor a
	// directory, as a fifo.
	Special func(key string) error
	// Unreadable makes the directory dir, in which there are files, one that can be
	// neither listed nor entered, until the test ends or readable is called.
	Unreadable func(dir string) (readable func(), err error)
	// EmptyDir makes a directory at key in which nothing is, and the directories that it
	// is in.
	EmptyDir func(key string) error
	// BadName makes a file in the store whose name is no key, and returns the name as
	// a listing has to show it.
	BadName func() (name string, err error)
}

// A hook is a field of Store that its author may give.
type hook struct {
	name  string
	given func(Store) bool
}

// hooks are all of them, in the order of the fields.
var hooks = []hook{
	{"Again", func(s Store) bool { return s.Again != nil }},
	{"Missing", func(s Store) bool { return s.Missing != nil }},
	{"TakeAway", func(s Store) bool { return s.TakeAway != nil }},
	{"Names", func(s Store) bool { return s.Names != nil }},
	{"Newer", func(s Store) bool { return s.Newer != nil }},
	{"LinkOut", func(s Store) bool { return s.LinkOut != nil }},
	{"Outside", func(s Store) bool { return s.Outside != nil }},
	{"LinkIn", func(s Store) bool { return s.LinkIn != nil }},
	{"Special", func(s Store) bool { return s.Special != nil }},
	{"Unreadable", func(s Store) bool { return s.Unreadable != nil }},
	{"EmptyDir", func(s Store) bool { return s.EmptyDir != nil }},
	{"BadName", func(s Store) bool { return s.BadName != nil }},
}

// without returns which of the hooks called names s does not give. Another, which
// is no hook of the author's, is one of the names where a case needs it.
func (s Store) without(names []string) []string {
	var missing []string
	for _, h := range hooks {
		if slices.Contains(names, h.name) && !h.given(s) {
			missing = append(missing, h.name)
		}
	}
	if slices.Contains(names, "Another") && s.Another == nil {
		missing = append(missing, "Another")
	}
	return missing
}

// reportHooks logs the hooks that the store s does not give, each with the number
// of cases that did not run for want of it.
func reportHooks(t *testing.T, s Store, cases []Case) {
	t.Helper()
	if text := missingHooks(s, cases); text != "" {
		t.Log(text)
	}
}

// missingHooks is the text of reportHooks; it is empty if every hook is given.
func missingHooks(s Store, cases []Case) string {
	idle := map[string]int{}
	all := 0
	for _, c := range cases {
		without := s.without(c.Hooks)
		if len(without) > 0 {
			all++
		}
		for _, name := range without {
			idle[name]++
		}
	}
	var list []string
	for _, h := range hooks {
		if !h.given(s) {
			list = append(list, fmt.Sprintf("%s (%d)", h.name, idle[h.name]))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d hooks of conformance.Store are not given, so %d of %d cases cannot run: %s",
		len(list), len(hooks), all, len(cases), strings.Join(list, ", "))
}
