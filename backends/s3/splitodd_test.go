package s3

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestASplitListingBelowAnOddPrefix holds that pieces stay below a prefix that has
// to be encoded, whatever lies beside it.
func TestASplitListingBelowAnOddPrefix(t *testing.T) {
	const prefix = "p+ é%2F&/q/"
	var want []string
	l := &lister{page: 100}
	for _, k := range dirs("a +&%/", 100, 100) {
		want = append(want, k)
		l.keys = append(l.keys, prefix+k)
	}
	l.keys = append(l.keys, strings.TrimSuffix(prefix, "/")+"-", strings.TrimSuffix(prefix, "/"), strings.TrimSuffix(prefix, "/")+"0", "a", "z")
	slices.Sort(l.keys)
	for name, known := range map[string]bool{"nothing is known": false, "all is known": true} {
		c := unknown(t)
		if known {
			c = hint(t, want, true)
		}
		got, err := listKeys(c, l.open(t, Options{Prefix: prefix}), "")
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %d keys, want %d; %v", name, len(got), len(want), err)
		}
		if l.starts.Load() == 0 {
			t.Errorf("%s: it was not split: that shows nothing", name)
		}
		l.starts.Store(0)
	}
}

// TestNothingIsAskedForBehindAKeyThatNoObjectCanHave holds that names which a
// store refuses even to begin behind do not end a listing, if a hint has them.
func TestNothingIsAskedForBehindAKeyThatNoObjectCanHave(t *testing.T) {
	for name, odd := range map[string]string{"not UTF-8": "\xff", "too long": strings.Repeat("x", maxKey)} {
		l := &lister{keys: manyKeys(1000), page: 10}
		var known []string
		for _, k := range l.keys {
			known = append(known, k, k+odd)
		}
		l.fail = func(after string) bool { return !utf8.ValidString(after) || len(after) > maxKey }
		got, err := listKeys(hint(t, known, true), l.open(t, Options{}), "")
		if err != nil || !slices.Equal(got, l.keys) {
			t.Errorf("%s: got %d keys, want %d; %v", name, len(got), len(l.keys), err)
		}
		if l.starts.Load() == 0 {
			t.Errorf("%s: it was not split: that shows nothing", name)
		}
	}
}

// TestEmptyPagesDoNotEndAPiece holds that a page without keys that says that there
// are more is no end of anything.
func TestEmptyPagesDoNotEndAPiece(t *testing.T) {
	keys := dirs("", 100, 100)
	for name, known := range map[string]bool{"nothing is known": false, "all is known": true} {
		l := &lister{keys: keys, page: 100, hollow: func(q url.Values) bool { return !q.Has("delimiter") }}
		c := unknown(t)
		if known {
			c = hint(t, keys, true)
		}
		got, err := listKeys(c, l.open(t, Options{}), "")
		if err != nil || !slices.Equal(got, keys) {
			t.Errorf("%s: got %d keys, want %d; %v", name, len(got), len(keys), err)
		}
		if l.starts.Load() == 0 {
			t.Errorf("%s: it was not split: that shows nothing", name)
		}
	}
}
