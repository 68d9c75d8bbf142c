package s3

import (
	"context"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3fc/s3fc/core"
)

// lister is a store that only lists, so many keys and names a page, in the order
// of its keys.
type lister struct {
	keys         []string
	page         int
	first        int                     // keys of the first page, if not as many
	deaf         bool                    // to where a listing is to start
	hollow       func(q url.Values) bool // an empty page comes before this one
	sent, starts atomic.Int64            // requests, and those that begin a piece
	levels       atomic.Int64            // requests for names
	fail         func(after string) bool
}

// shown is what a page has.
type shown struct {
	keys, names []string
	next        string
}

func (l *lister) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.sent.Add(1)
	q := r.URL.Query()
	if l.fail != nil && l.fail(max(q.Get("start-after"), q.Get("continuation-token"))) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if q.Has("delimiter") {
		l.levels.Add(1)
	} else if q.Has("start-after") {
		l.starts.Add(1)
	}
	a := l.before(q)
	fmt.Fprintf(w, "<ListBucketResult><IsTruncated>%v</IsTruncated><EncodingType>url</EncodingType>", a.next != "")
	if a.next != "" {
		fmt.Fprintf(w, "<NextContinuationToken>%s</NextContinuationToken>", html.EscapeString(a.next))
	}
	for _, k := range a.keys {
		fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>1</Size><ETag>"x"</ETag></Contents>`, url.QueryEscape(k))
	}
	for _, n := range a.names {
		fmt.Fprintf(w, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", url.QueryEscape(n))
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

// before is a page, or, where it is hollow, an empty one, and then that page.
func (l *lister) before(q url.Values) shown {
	if l.hollow == nil || !l.hollow(q) {
		return l.list(q)
	}
	token, seen := strings.CutPrefix(q.Get("continuation-token"), "~")
	if !seen {
		return shown{next: "~" + q.Get("start-after") + token}
	}
	q.Del("continuation-token")
	if q.Set("start-after", token); token == "" {
		q.Del("start-after")
	}
	return l.list(q)
}

// list reads the keys from the beginning, or behind that which is the token.
func (l *lister) list(q url.Values) (a shown) {
	if l.deaf {
		q.Del("start-after")
	}
	page := l.page
	if l.first > 0 && !q.Has("continuation-token") && !q.Has("start-after") && !q.Has("delimiter") {
		page = l.first
	}
	at, name := 1+slices.Index(l.keys, q.Get("continuation-token")), ""
	for ; at < len(l.keys); at++ {
		k := l.keys[at]
		rest, in := strings.CutPrefix(k, q.Get("prefix"))
		if !in || k <= q.Get("start-after") || name != "" && strings.HasPrefix(k, name) {
			continue
		}
		if len(a.keys)+len(a.names) == page {
			a.next = l.keys[at-1]
			return a
		}
		if i := strings.IndexByte(rest, '/'); i >= 0 && q.Has("delimiter") {
			name = k[:len(k)-len(rest)+i+1]
			a.names = append(a.names, name)
		} else {
			a.keys = append(a.keys, k)
		}
	}
	return a
}

func (l *lister) open(t testing.TB, o Options) *Tree {
	s := httptest.NewServer(l)
	t.Cleanup(s.Close)
	l.sent.Store(0)
	return openAt(t, s.URL, o)
}

// floor is how many requests the listing needs at the least.
func (l *lister) floor() int64 { return max(1, int64((len(l.keys)+l.page-1)/l.page)) }

func manyKeys(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("d%03d/f%06d", i/100, i))
	}
	return keys
}

func hint(t testing.TB, keys []string, destination bool) context.Context {
	return core.WithKeyHint(t.Context(), core.KeyHint{Keys: slices.Values(keys), Harmless: func() bool { return destination }})
}

func listKeys(ctx context.Context, tree *Tree, after string) (keys []string, err error) {
	for e, err := range tree.List(ctx, after) {
		if err != nil {
			return keys, err
		}
		keys = append(keys, e.Key)
	}
	return keys, nil
}

// TestASplitListingOfWhatIsKnownCostsNothingMore holds that pieces are pages
// where the store has the keys that are known, and that it is split at all.
func TestASplitListingOfWhatIsKnownCostsNothingMore(t *testing.T) {
	for _, n := range []int{0, 1, 10, 11, 99, 100, 101, 1000, 1234} {
		l := &lister{keys: manyKeys(n), page: 10}
		got, err := listKeys(hint(t, l.keys, true), l.open(t, Options{}), "")
		if err != nil || !slices.Equal(got, l.keys) {
			t.Fatalf("%d keys: got %d, %v", n, len(got), err)
		}
		if sent := l.sent.Load(); sent != l.floor() {
			t.Errorf("%d keys: %d requests, want %d", n, sent, l.floor())
		}
	}
}

// A store may give fewer keys than it could, as S3 does behind many deleted ones.
func TestAShortFirstPageDoesNotMakeShortPieces(t *testing.T) {
	l := &lister{keys: manyKeys(10_000), page: 100, first: 2}
	got, err := listKeys(hint(t, l.keys, true), l.open(t, Options{}), "")
	if err != nil || !slices.Equal(got, l.keys) {
		t.Fatalf("got %d keys, %v", len(got), err)
	}
	if sent := l.sent.Load(); sent > 2*l.floor() {
		t.Errorf("%d requests; want about %d", sent, l.floor())
	}
}

// TestAStoreThatBeginsElsewhereIsListedOnce holds that nothing is doubled where a
// store does not know StartAfter.
func TestAStoreThatBeginsElsewhereIsListedOnce(t *testing.T) {
	keys := dirs("", 100, 100)
	for name, ctx := range map[string]context.Context{"nothing is known": unknown(t), "all is known": hint(t, keys, true)} {
		l := &lister{keys: keys, page: 100, deaf: true}
		got, err := listKeys(ctx, l.open(t, Options{}), "")
		if err != nil || !slices.Equal(got, keys) {
			t.Errorf("%s: got %d keys, want %d; %v", name, len(got), len(keys), err)
		}
		if l.starts.Load() == 0 {
			t.Errorf("%s: it was not split: that shows nothing", name)
		}
	}
}

// TestPiecesAreFetchedAtOnce holds that a split listing does not wait for one
// page after the other.
func TestPiecesAreFetchedAtOnce(t *testing.T) {
	l := &lister{keys: manyKeys(300), page: 10}
	all := make(chan struct{})
	var under atomic.Int64
	l.fail = func(after string) bool {
		if after != "" && under.Add(1) == spansAhead {
			close(all)
		}
		if after != "" {
			<-all // deadlock, if fewer were ever asked for at once
		}
		return false
	}
	if got, err := listKeys(hint(t, l.keys, true), l.open(t, Options{}), ""); err != nil || len(got) != 300 {
		t.Errorf("%d keys, %v", len(got), err)
	}
}

// TestAHintNeverChangesWhatIsListed holds that on keys and hints that have more
// or less in common, and what they cost at the most.
func TestAHintNeverChangesWhatIsListed(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // A test's.
		some := func(keys []string, percent int) (out []string) {
			for _, k := range keys {
				if rng.IntN(100) < percent {
					out = append(out, k)
				}
			}
			return out
		}
		universe := manyKeys(rng.IntN(1000))
		l := &lister{keys: some(universe, rng.IntN(101)), page: 10}
		known := some(universe, rng.IntN(101))
		tree := l.open(t, Options{})
		after := ""
		if rng.IntN(3) == 0 && len(universe) > 0 {
			after = universe[rng.IntN(len(universe))]
		}
		want := slices.DeleteFunc(slices.Clone(l.keys), func(k string) bool { return k <= after })
		got, err := listKeys(hint(t, known, true), tree, after)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("seed %d: got %d keys, want %d; %v", seed, len(got), len(want), err)
		}
		most := l.floor() + l.starts.Load() // one more for each piece
		if sent := l.sent.Load(); sent > most {
			t.Errorf("seed %d: %d requests for %d keys, of which %d were known; want %d at the most", seed, sent, len(l.keys), len(known), most)
		}
	}
}

// TestWhatIsNotSplit holds that a listing is read in order where it is short,
// nothing is known, or another order of the store would not show.
func TestWhatIsNotSplit(t *testing.T) {
	keys := manyKeys(1000)
	for name, c := range map[string]struct {
		ctx context.Context
		o   Options
		n   int
	}{
		"no hint":              {t.Context(), Options{}, 1000},
		"few keys":             {hint(t, keys[:95], true), Options{}, 95},
		"a source, not at AWS": {hint(t, keys, false), Options{}, 1000},
		"keys as paths":        {hint(t, keys, true), Options{NotFlat: true}, 1000},
	} {
		l := &lister{keys: keys[:c.n], page: 10}
		var before string
		l.fail = func(after string) bool {
			bad := after < before
			before = after
			return bad
		}
		if got, err := listKeys(c.ctx, l.open(t, c.o), ""); err != nil || len(got) != c.n {
			t.Errorf("%s: %d keys, %v; want %d in order", name, len(got), err, c.n)
		}
		if sent := l.sent.Load(); sent != l.floor() {
			t.Errorf("%s: %d requests, want %d", name, sent, l.floor())
		}
	}
}

func TestASplitListingEndsWithAnError(t *testing.T) {
	l := &lister{keys: manyKeys(1000), page: 10, fail: func(after string) bool { return strings.HasPrefix(after, "d005") }}
	got, err := listKeys(hint(t, l.keys, true), l.open(t, Options{}), "")
	if err == nil {
		t.Fatal("no error, and a page was refused")
	}
	if !slices.Equal(got, l.keys[:len(got)]) || len(got) < 100 {
		t.Errorf("%d keys came before the error, want all that come before in order", len(got))
	}
}

func TestASplitListingLeavesNothingBehind(t *testing.T) {
	l := &lister{keys: manyKeys(1000), page: 10}
	tree := l.open(t, Options{})
	if _, err := listKeys(t.Context(), tree, ""); err != nil {
		t.Fatal(err)
	}
	ignore := goleak.IgnoreCurrent()
	for n := range 10 {
		seen, ctx := 0, hint(t, l.keys, true)
		if n%2 == 0 {
			ctx = unknown(t)
		}
		for _, err := range tree.List(ctx, "") {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen > n*30 {
				break
			}
		}
	}
	goleak.VerifyNone(t, ignore, goleak.IgnoreAnyFunction("net/http.(*conn).serve"), goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}
