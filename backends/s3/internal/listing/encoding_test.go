package listing

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// encoders write keys as stores do.
var encoders = map[string]func(string) string{"query": asQuery.encode, "path": asPath.encode, "none": plain.encode}

func pageOf(said bool, keys ...string) *Page {
	p := &Page{Encoded: said}
	for _, k := range keys {
		p.Objects = append(p.Objects, Object{Key: k})
	}
	return p
}

func keysOf(p *Page) (keys []string) {
	for i := range p.Objects {
		keys = append(keys, p.Objects[i].Key)
	}
	return keys
}

// Each page tells which encodings its keys cannot have, whatever the answer says.
func TestPageProvesItsEncoding(t *testing.T) {
	for name, c := range map[string]struct {
		prefix string
		keys   []string // as they are
		how    string   // they are written
		said   bool     // that they are encoded
		want   []string // nil: keys
	}{
		"as AWS does":                            {"", []string{"a b", "a+b", "é%"}, "query", true, nil},
		"as a path, with a space":                {"", []string{"a b", "a+b"}, "path", true, nil},
		"as a path, with one in the prefix":      {"x y/", []string{"x y/a+b"}, "path", true, nil},
		"as a path, with a plus there":           {"x+y/", []string{"x+y/a"}, "path", true, nil},
		"silently, under an odd prefix":          {"x é/", []string{"x é/a b", "x é/a+b"}, "query", false, nil},
		"silently, as a path":                    {"x é/", []string{"x é/a b", "x é/a+b"}, "path", false, nil},
		"not encoded, with a space":              {"", []string{"a b", "a+b", "a%20b"}, "none", true, nil},
		"not encoded, with UTF-8":                {"", []string{"é", "a+b"}, "none", true, nil},
		"not encoded, with a percent sign":       {"", []string{"100%", "a+b"}, "none", true, nil},
		"not encoded, below an odd prefix":       {"x%41/", []string{"x%41/a%20b"}, "none", true, nil},
		"not encoded, and not said":              {"", []string{"a b", "a%20b", "a+b"}, "none", false, nil},
		"silently, with an order that proves it": {"", []string{"a~", "é"}, "path", false, nil},
		"plain keys":                             {"p/", []string{"p/a", "p/b_c-d.e~f"}, "query", true, nil},
		"a plus alone is as the answer says":     {"", []string{"a+b"}, "path", true, []string{"a b"}},
		"silently, with nothing to prove it":     {"", []string{"a b"}, "path", false, []string{"a%20b"}},
		"a plus alone, not said to be any":       {"", []string{"a+b"}, "none", false, nil},
		"an encoded plus, and a space":           {"", []string{"a b", "a+b"}, "query", true, nil},
	} {
		p := pageOf(c.said)
		for _, k := range c.keys {
			p.Objects = append(p.Objects, Object{Key: encoders[c.how](k)})
		}
		want := c.want
		if want == nil {
			want = c.keys
		}
		if err := new(Encoding).decode(p, c.prefix); err != nil || !slices.Equal(keysOf(p), want) {
			t.Errorf("%s: %q, %v; want %q", name, keysOf(p), err, want)
		}
	}
}

// A proof counts for all pages that follow, and one that comes too late ends the
// listing.
func TestEncodingIsLearntFromPages(t *testing.T) {
	e := new(Encoding)
	first, second := pageOf(true, "a%20b"), pageOf(true, "c+d")
	for _, p := range []*Page{first, second} {
		if err := e.decode(p, ""); err != nil {
			t.Fatal(err)
		}
	}
	if first.Objects[0].Key != "a b" || second.Objects[0].Key != "c+d" {
		t.Errorf("%q, then %q", keysOf(first), keysOf(second))
	}
	late := new(Encoding)
	if err := late.decode(pageOf(true, "c+d"), ""); err != nil {
		t.Fatal(err)
	}
	if err := late.decode(pageOf(true, "d%20e"), ""); err == nil || !strings.Contains(err.Error(), "key_encoding=path") {
		t.Errorf("a proof against the page before: %v", err)
	}
	plain := new(Encoding)
	for _, key := range []string{"a", "b%20c"} {
		if err := plain.decode(pageOf(true, key), ""); err != nil {
			t.Errorf("a proof that changes nothing: %v", err)
		}
	}
}

func TestOthers(t *testing.T) {
	for name, c := range map[string]struct {
		encoding string
		listed   []string
		said     bool
		key      string
		want     []string
	}{
		"a plus as a space":        {"", []string{"a+b"}, true, "a b", []string{"a+b", "a+b"}},
		"a key without either":     {"", []string{"a+b"}, true, "ab", nil},
		"proved to be a path":      {"", []string{"a%20b", "c+d"}, true, "c+d", nil},
		"perhaps not encoded":      {"", []string{"a%20b"}, true, "a b", []string{"a%20b"}},
		"perhaps encoded":          {"", []string{"a%20b"}, false, "a%20b", []string{"a b"}},
		"proved not to be":         {"", []string{"a%20b", "é"}, false, "a%20b", nil},
		"plain keys":               {"", []string{"a"}, true, "a", nil},
		"told by a person":         {"query", []string{"a+b"}, true, "a b", nil},
		"told, against the answer": {"none", []string{"a+b"}, true, "a+b", nil},
	} {
		e, err := NewEncoding(c.encoding)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.decode(pageOf(c.said, c.listed...), ""); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := e.Others(c.key)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q may be %q; want %q", name, c.key, got, c.want)
		}
		if e.Confirm(); len(e.Others(c.key)) > 0 {
			t.Errorf("%s: in doubt after it was confirmed", name)
		}
	}
	if _, err := NewEncoding("html"); err == nil {
		t.Error("html is taken for an encoding of keys")
	}
}

// FuzzEncoding: however a store writes its keys, a page that has a proof of it is
// read rightly, and no page is read in a way in which it cannot be written.
func FuzzEncoding(f *testing.F) {
	for _, key := range []string{"a b", "a+b", "é", "100%", "a%20b", "", "\x00", "\xff", "%", "%2", "a/b?c#d&e"} {
		f.Add("p x/", key, "a b+c%", uint8(0), true)
		f.Add("", key, "z", uint8(1), false)
	}
	f.Fuzz(func(t *testing.T, prefix, a, b string, how uint8, said bool) {
		write := []encoding{plain, asQuery, asPath}[how%3]
		keys := []string{prefix + a, prefix + b, prefix + "é +"}
		slices.Sort(keys)
		keys = slices.Compact(keys)
		p := pageOf(said)
		for _, k := range keys {
			p.Objects = append(p.Objects, Object{Key: write.encode(k)})
		}
		err := new(Encoding).decode(p, prefix)
		if write == plain || said {
			if err != nil || !slices.Equal(keysOf(p), keys) {
				t.Errorf("%s: %q was read as %q, %v", write, keys, keysOf(p), err)
			}
		} else if err == nil && !slices.Equal(keysOf(p), keys) { // silently encoded: nothing need prove it
			for i, k := range keysOf(p) {
				if k != write.encode(keys[i]) {
					t.Errorf("%s: %q was read as %q", write, keys[i], k)
				}
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	doc := listDoc(1000)
	p, err := Parse(doc)
	if err != nil {
		b.Fatal(err)
	}
	l := &Lister{Encoding: new(Encoding), Ask: func(context.Context, Query) (Page, error) {
		q := p
		q.Truncated, q.Next, q.Objects = false, "", slices.Clone(p.Objects)
		return q, nil
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := listKeys(b.Context(), l); err != nil {
			b.Fatal(err)
		}
	}
}
