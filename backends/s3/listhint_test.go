package s3

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/s3fc/s3fc/core"
)

// pager is a store that only lists, ten keys a page.
type pager struct {
	keys         []string
	sent, starts atomic.Int64 // requests, and those that begin behind a key
}

func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const page = 10
	p.sent.Add(1)
	q := r.URL.Query()
	if q.Has("start-after") {
		p.starts.Add(1)
	}
	if after := q.Get("start-after"); !utf8.ValidString(after) || len(after) > maxKey {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	after := max(q.Get("start-after"), q.Get("continuation-token"))
	var keys []string
	for _, k := range p.keys {
		if k > after && strings.HasPrefix(k, q.Get("prefix")) {
			keys = append(keys, k)
		}
	}
	more := len(keys) > page
	keys = keys[:min(page, len(keys))]
	fmt.Fprintf(w, "<ListBucketResult><IsTruncated>%v</IsTruncated><EncodingType>url</EncodingType>", more)
	if more {
		fmt.Fprintf(w, "<NextContinuationToken>%s</NextContinuationToken>", html.EscapeString(keys[page-1]))
	}
	for _, k := range keys {
		fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>1</Size><ETag>"x"</ETag></Contents>`, url.QueryEscape(k))
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func hint(t testing.TB, keys []string, harmless bool) context.Context {
	return core.WithKeyHint(t.Context(), core.KeyHint{Keys: slices.Values(keys), Harmless: harmless})
}

// A listing is split where nothing would be lost if the store hid an entry, below
// a prefix that has to be encoded, and only at keys that an object can have.
func TestListingIsSplitAtTheKeysOfAHint(t *testing.T) {
	const prefix = "p+ é%2F&/q/"
	var keys, odd, full []string
	for i := range 1000 {
		k := fmt.Sprintf("a +&%%/%04d", i)
		keys = append(keys, k)
		odd = append(odd, k, k+"\xff", k+strings.Repeat("x", maxKey))
		full = append(full, prefix+k)
	}
	bare := strings.TrimSuffix(prefix, "/")
	full = append(full, bare+"-", bare, bare+"0", "a", "z")
	slices.Sort(full)
	for name, c := range map[string]struct {
		ctx   context.Context
		o     Options
		split bool
	}{
		"a destination":        {hint(t, keys, true), Options{}, true},
		"odd keys":             {hint(t, odd, true), Options{}, true},
		"no hint":              {t.Context(), Options{}, false},
		"a source, not at AWS": {hint(t, keys, false), Options{}, false},
		"keys as paths":        {hint(t, keys, true), Options{NotFlat: true}, false},
	} {
		p := &pager{keys: full}
		s := httptest.NewServer(p)
		t.Cleanup(s.Close)
		c.o.Prefix = prefix
		var got []string
		for e, err := range openAt(t, s.URL, c.o).List(c.ctx, "") {
			if err != nil {
				t.Fatal(name, err)
			}
			got = append(got, e.Key)
		}
		if !slices.Equal(got, keys) {
			t.Errorf("%s: listed %d keys, want %d", name, len(got), len(keys))
		}
		if split := p.starts.Load() > 0; split != c.split || p.sent.Load() > 101 {
			t.Errorf("%s: split: %v, with %d requests; want %v, with 101 at most", name, split, p.sent.Load(), c.split)
		}
	}
}
