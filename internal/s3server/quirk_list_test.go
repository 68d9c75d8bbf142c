package s3server_test

import (
	"encoding/xml"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/s3fc/s3fc/internal/s3server"
)

// A listed is a page of a listing as it was sent.
type listed struct {
	Contents                                  []struct{ Key, LastModified string }
	CommonPrefixes                            []struct{ Prefix string }
	KeyCount                                  *int
	IsTruncated                               bool
	EncodingType                              string
	NextContinuationToken, NextMarker, Marker *string
}

func (l listed) keys() []string {
	var keys []string
	for _, c := range l.Contents {
		keys = append(keys, c.Key)
	}
	return keys
}

func (f *fixture) listPage(query string) listed {
	f.Helper()
	var l listed
	if err := xml.Unmarshal([]byte(f.page(query)), &l); err != nil {
		f.Fatal(err)
	}
	return l
}

// putAll stores an object at each key.
func (f *fixture) putAll(keys ...string) {
	f.Helper()
	for _, key := range keys {
		f.want("put", "PUT", "/test/"+url.PathEscape(key), "x", 200)
	}
}

// listsInOrder checks that listings have keys in this order, whole and by pages
// of two, and that start-after follows it.
func listsInOrder(keys ...string) func(*fixture) {
	return func(f *fixture) {
		f.putAll(keys...)
		if got := f.listPage("").keys(); !slices.Equal(got, keys) {
			f.Errorf("listed %q, want %q", got, keys)
		}
		if got := f.allKeys("&max-keys=2"); !slices.Equal(got, keys) {
			f.Errorf("listed by pages %q, want %q", got, keys)
		}
		if got := f.listPage("&start-after=" + url.QueryEscape(keys[1])).keys(); !slices.Equal(got, keys[2:]) {
			f.Errorf("listed after %q %q, want %q", keys[1], got, keys[2:])
		}
	}
}

// pages lists by continuation tokens.
func (f *fixture) allKeys(query string) []string {
	f.Helper()
	var all []string
	token := ""
	for range 100 {
		l := f.listPage(query + token)
		all = append(all, l.keys()...)
		if !l.IsTruncated {
			return all
		}
		token = "&continuation-token=" + url.QueryEscape(*l.NextContinuationToken)
	}
	f.Fatal("a listing that does not end")
	return nil
}

// listsEncoded checks how the keys "a b" and "a+b" are listed if encoding-type
// is asked for, and the EncodingType of the page.
func listsEncoded(says, space, plus string) func(*fixture) {
	return func(f *fixture) {
		f.putAll("a b", "a+b")
		l := f.listPage("&encoding-type=url")
		wantEqual(f.T, "EncodingType", l.EncodingType, says)
		if got := l.keys(); !slices.Equal(got, []string{space, plus}) {
			f.Errorf("listed %q, want %q and %q", got, space, plus)
		}
	}
}

var listQuirks = map[string]func(*fixture){
	"UTF-16 order":    listsInOrder("a", "b", "\U0001F600", "\uFF5E"),
	"directory order": listsInOrder("a/b", "a-b", "a.b", "a0"),
	"backward pages": func(f *fixture) {
		f.putAll("a", "b", "c")
		if got := f.allKeys("&max-keys=2"); !slices.Equal(got, []string{"b", "a", "c"}) {
			f.Errorf("listed %q", got)
		}
	},
	"keys encoded as paths":                listsEncoded("url", "a%20b", "a+b"),
	"keys encoded without saying so":       listsEncoded("", "a+b", "a%2Bb"),
	"keys said to be encoded that are not": listsEncoded("url", "a b", "a+b"),
	"encoding-type ignored":                listsEncoded("", "a b", "a+b"),
	"last page empty": func(f *fixture) {
		f.putAll("a", "b", "c")
		first := f.listPage("&max-keys=2")
		wantEqual(f.T, "keys of the first page", len(first.keys()), 2)
		last := f.listPage("&max-keys=2&continuation-token=" + url.QueryEscape(*first.NextContinuationToken))
		wantEqual(f.T, "keys of the last page", len(last.keys()), 0)
		wantEqual(f.T, "its KeyCount", *last.KeyCount, 1)
		wantEqual(f.T, "truncated", last.IsTruncated, false)
	},
	"no KeyCount": func(f *fixture) {
		f.putAll("a")
		if page := f.page(""); strings.Contains(page, "KeyCount") || !strings.Contains(page, "<Key>a</Key>") {
			f.Errorf("got %s, want the key without its count", page)
		}
	},
	"KeyCount without prefixes": func(f *fixture) {
		f.putAll("a", "d/1", "e/1")
		l := f.listPage("&delimiter=/")
		wantEqual(f.T, "KeyCount", *l.KeyCount, 1)
		wantEqual(f.T, "prefixes", len(l.CommonPrefixes), 2)
	},
	"no ETags in listings": func(f *fixture) {
		f.putAll("k")
		if page := f.page(""); strings.Contains(page, "ETag") || !strings.Contains(page, "<Key>k</Key>") {
			f.Errorf("got %s, want the key without an ETag", page)
		}
		resp, _ := f.want("HEAD", "HEAD", k, "", 200)
		wantEqual(f.T, "ETag", resp.Header.Get("ETag"), etagOf("x"))
	},
	"empty pages in between": func(f *fixture) {
		f.putAll("a", "b", "c")
		var counts []int
		token := ""
		for {
			l := f.listPage("&max-keys=1" + token)
			counts = append(counts, len(l.Contents))
			wantEqual(f.T, "KeyCount", *l.KeyCount, len(l.Contents))
			if !l.IsTruncated {
				break
			}
			token = "&continuation-token=" + url.QueryEscape(*l.NextContinuationToken)
		}
		if !slices.Equal(counts, []int{1, 0, 1, 0, 1}) {
			f.Errorf("pages have %v keys", counts)
		}
	},
	"small pages": func(f *fixture) {
		f.putAll("a", "b", "c", "d")
		wantEqual(f.T, "keys", len(f.listPage("&max-keys=1000").keys()), 3)
		wantEqual(f.T, "keys", len(f.listPage("&max-keys=2").keys()), 2)
		wantEqual(f.T, "all keys", len(f.allKeys("")), 4)
	},
	"no start-after": func(f *fixture) {
		f.putAll("a", "b", "c")
		wantEqual(f.T, "keys after b", len(f.listPage("&start-after=b").keys()), 3)
		wantEqual(f.T, "by tokens", len(f.allKeys("&max-keys=1")), 3)
	},
	"listing of version 1": func(f *fixture) {
		f.putAll("a", "b", "c")
		l := f.listPage("&max-keys=2&start-after=a")
		if !l.IsTruncated || l.KeyCount != nil || l.NextContinuationToken != nil || l.NextMarker != nil || l.Marker == nil || !slices.Equal(l.keys(), []string{"a", "b"}) {
			f.Errorf("got %+v, want the first page of version 1", l)
		}
	},
	"milliseconds in listings": func(f *fixture) {
		f.putAll("a")
		if got := f.listPage("").Contents[0].LastModified; strings.HasSuffix(got, ".000Z") {
			f.Errorf("LastModified %s, want more than seconds", got)
		}
	},
}

// TestOrdersGroupKeys checks that listings in another order have common prefixes
// too, each once.
func TestOrdersGroupKeys(t *testing.T) {
	for _, order := range []s3server.Quirk{s3server.UTF16Order, s3server.DirectoryOrder} {
		f := newFixture(t, order)
		f.putAll("p/a", "p/d/1", "p/d/2", "p/d-1", "p/e/1", "q")
		var got []string
		token := ""
		for range 10 {
			l := f.listPage("&prefix=p/&delimiter=/&max-keys=1" + token)
			got = append(got, l.keys()...)
			for _, p := range l.CommonPrefixes {
				got = append(got, p.Prefix)
			}
			if !l.IsTruncated {
				break
			}
			token = "&continuation-token=" + url.QueryEscape(*l.NextContinuationToken)
		}
		slices.Sort(got)
		if !slices.Equal(got, []string{"p/a", "p/d-1", "p/d/", "p/e/"}) {
			t.Errorf("%s: %q", order.Name, got)
		}
	}
}
