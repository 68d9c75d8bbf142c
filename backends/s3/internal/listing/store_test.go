package listing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// store is a bucket whose listing is asked for by a function. Its keys come in
// the order in which they are, so many a page.
type store struct {
	keys   []string
	page   int
	first  int                        // keys of the first page, if not page
	deaf   bool                       // After has no effect
	hollow bool                       // an empty page comes before each page
	less   func(a, b string) bool     // the store's order, if it is not that of bytes
	fail   func(after string) error   // by the key behind which a page begins
	change func(q Query, p Page) Page // of an answer
	sent   atomic.Int64               // requests
	starts atomic.Int64               // requests that begin behind a key
	mu     sync.Mutex                 // guards asked
	asked  []Query                    // in order
}

var errRefused = errors.New("refused")

func (s *store) ask(_ context.Context, q Query) (Page, error) {
	s.sent.Add(1)
	s.mu.Lock()
	s.asked = append(s.asked, q)
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(max(q.After, q.Token)); err != nil {
			return Page{}, err
		}
	}
	if q.After != "" {
		s.starts.Add(1)
	}
	p := s.answer(q)
	if s.change != nil {
		p = s.change(q, p)
	}
	return p, nil
}

func (s *store) answer(q Query) Page {
	rest, seen := strings.CutPrefix(q.Token, "~")
	switch {
	case !s.hollow:
		return s.objects(q)
	case !seen && q.Token == "":
		return Page{Truncated: true, Next: "~<" + q.After}
	case !seen:
		return Page{Truncated: true, Next: "~" + q.Token}
	case strings.HasPrefix(rest, "<"):
		return s.objects(Query{After: rest[1:]})
	}
	return s.objects(Query{Token: rest})
}

func (s *store) before(a, b string) bool {
	if s.less != nil {
		return s.less(a, b)
	}
	return a < b
}

// objects returns the page of the keys that follow the token, or After.
func (s *store) objects(q Query) (p Page) {
	size, at := s.page, 0
	switch {
	case q.Token != "":
		at = 1 + slices.Index(s.keys, q.Token)
	case q.After != "" && !s.deaf:
		for at < len(s.keys) && !s.before(q.After, s.keys[at]) {
			at++
		}
	case s.first > 0:
		size = s.first
	}
	for ; at < len(s.keys) && len(p.Objects) < size; at++ {
		p.Objects = append(p.Objects, Object{Key: s.keys[at], ETag: `"x"`, Size: 1})
	}
	if at < len(s.keys) {
		p.Truncated, p.Next = true, s.keys[at-1]
	}
	return p
}

// lister returns a listing of the store that knows these keys.
func (s *store) lister(known []string) *Lister {
	l := &Lister{Ask: s.ask, Encoding: new(Encoding), Usable: func(string) bool { return true }}
	if known != nil {
		l.Known = slices.Values(known)
	}
	return l
}

// fewest returns how many requests the listing needs at least.
func (s *store) fewest() int64 { return max(1, int64((len(s.keys)+s.page-1)/s.page)) }

func listKeys(ctx context.Context, l *Lister) (keys []string, err error) {
	for objects, err := range l.Pages(ctx) {
		if err != nil {
			return keys, err
		}
		for i := range objects {
			keys = append(keys, objects[i].Key)
		}
	}
	return keys, nil
}

func checkKeys(t *testing.T, name string, l *Lister, want []string) {
	t.Helper()
	got, err := listKeys(t.Context(), l)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: listed %d keys, %v; want %d", name, len(got), err, len(want))
	}
}

func manyKeys(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("d%03d/f%06d", i/100, i))
	}
	return keys
}
