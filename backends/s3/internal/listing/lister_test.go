package listing

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestNextPageIsFetchedWhileOneIsUsed(t *testing.T) {
	second := make(chan struct{})
	s := &store{keys: []string{"a", "b"}, page: 1, fail: func(after string) error {
		if after == "a" {
			close(second)
		}
		return nil
	}}
	var got []string
	for objects, err := range s.lister(nil).Pages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, objects[0].Key); len(got) == 1 {
			<-second // deadlock if it were asked for only later
		}
	}
	if !slices.Equal(got, s.keys) {
		t.Errorf("listed %q", got)
	}
}

func TestListingThatEndsEarlyFetchesOnePageMore(t *testing.T) {
	s := &store{keys: manyKeys(100), page: 10}
	for range s.lister(nil).Pages(t.Context()) { //nolint:errcheck // Only the requests count.
		break
	}
	if sent := s.sent.Load(); sent > 2 {
		t.Errorf("%d requests for one page", sent)
	}
}

// A listing that is cut short never looks complete.
func TestListingEndsWithItsContext(t *testing.T) {
	for name, split := range map[string]bool{"as a whole": false, "split": true} {
		s := &store{keys: manyKeys(1000), page: 10}
		var known []string
		if split {
			known = s.keys
		}
		ctx, cancel := context.WithCancel(t.Context())
		var last error
		for _, err := range s.lister(known).Pages(ctx) {
			last = err
			cancel()
		}
		cancel()
		if !errors.Is(last, context.Canceled) {
			t.Errorf("%s: the last error is %v", name, last)
		}
	}
}

// An answer that cannot be right is never taken for a complete listing.
func TestContradictoryPagesAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		p    Page
		want string
	}{
		"no token":           {Page{Truncated: true}, "goes on"},
		"two encodings":      {Page{Encoded: true, Objects: []Object{{Key: "p/%zz"}, {Key: "p%2Fa"}}}, "more than one way"},
		"outside the prefix": {Page{Objects: []Object{{Key: "q/a"}}}, "under the prefix"},
		"the same page":      {Page{Truncated: true, Next: "t", Objects: []Object{{Key: "p/a"}}}, "the same page"},
	} {
		l := &Lister{Prefix: "p/", Encoding: new(Encoding), Ask: func(context.Context, Query) (Page, error) {
			p := c.p
			p.Objects = slices.Clone(p.Objects)
			return p, nil
		}}
		if _, err := listKeys(t.Context(), l); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want an error with %q", name, err, c.want)
		}
	}
}

func TestStoreThatCannotBeginBehindAKey(t *testing.T) {
	s := &store{keys: manyKeys(100), page: 10}
	l := s.lister(nil)
	l.After, l.NoStart = s.keys[41], true
	checkKeys(t, "no start", l, s.keys[42:])
	if s.starts.Load() > 0 {
		t.Error("it was asked to begin behind a key")
	}
}

// Some stores announce a page and then answer with an empty one, although the keys
// are there.
func TestKeysOfALostPageAreListed(t *testing.T) {
	for name, split := range map[string]bool{"as a whole": false, "split": true} {
		s := &store{keys: manyKeys(1000), page: 10}
		s.change = func(q Query, p Page) Page {
			if q.Token != "" && (p.Objects[0].Key > s.keys[990] || p.Objects[0].Key == s.keys[20]) {
				return Page{}
			}
			return p
		}
		var known []string
		if split {
			known = s.keys
		}
		checkKeys(t, name, s.lister(known), s.keys)
	}
}

// A store may announce a page that turns out to be empty, because its objects are
// gone, or because it always does.
func TestAnnouncedPageMayBeEmpty(t *testing.T) {
	s := &store{keys: manyKeys(100), page: 10}
	s.change = func(q Query, p Page) Page {
		if q.After != "" || q.Token == "end" {
			return Page{}
		}
		if !p.Truncated {
			p.Truncated, p.Next = true, "end"
		}
		return p
	}
	checkKeys(t, "an empty page at the end", s.lister(nil), s.keys)
	if want := s.fewest() + 2; s.sent.Load() != want {
		t.Errorf("%d requests; want %d", s.sent.Load(), want)
	}
}

func TestMissing(t *testing.T) {
	two := make([]Object, 2)
	for _, c := range []struct {
		p    Page
		want int
	}{{Page{Count: -1, Objects: two}, 0}, {Page{Count: 2, Objects: two}, 0}, {Page{Count: 3, Objects: two}, 1}, {Page{Objects: two}, -2}, {Page{Count: 5}, 5}} {
		if got := c.p.Missing(); got != c.want {
			t.Errorf("%+v: %d objects are missing; want %d", c.p, got, c.want)
		}
	}
}
