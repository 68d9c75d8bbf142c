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
	for range s.lister(nil).Pages(t.Context()) {
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
		"bad encoding":       {Page{Encoded: true, Objects: []Object{{Key: "p/%zz"}}}, "encoded wrongly"},
		"outside the prefix": {Page{Objects: []Object{{Key: "q/a"}}}, "under the prefix"},
		"the same page":      {Page{Truncated: true, Next: "t", Objects: []Object{{Key: "p/a"}}}, "the same page"},
	} {
		l := &Lister{Prefix: "p/", Ask: func(context.Context, Query) (Page, error) {
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
